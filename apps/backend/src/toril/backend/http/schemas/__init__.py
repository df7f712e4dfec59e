"""What the gateway answers with, as JSON."""
