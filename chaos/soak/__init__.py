"""A long run, to see whether anything grows that should not. `make soak`."""
