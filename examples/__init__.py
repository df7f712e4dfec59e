"""Programs that show Toril at work."""
