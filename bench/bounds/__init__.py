"""What cannot be passed: measured beside the systems, to tell how far a target is from being possible."""
