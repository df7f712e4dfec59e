"""Breaking things: what becomes of jobs when workers, the broker and the network fail. `make chaos`."""
