"""What a request brings, read within bounds."""
