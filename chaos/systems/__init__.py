"""The systems that are broken, each a program with two parts: a producer and a worker."""
