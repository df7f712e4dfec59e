"""A worker as a process of its own: what `python -m toril.worker` and `toril worker` share."""
