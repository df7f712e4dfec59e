"""The systems that are compared, each a program of its own behind the same operations (protocol.py)."""
