"""Toril beside Node BullMQ and the Python port, measured in one run: `make bench`."""
