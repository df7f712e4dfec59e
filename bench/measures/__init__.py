"""What is measured, a theme a file."""
