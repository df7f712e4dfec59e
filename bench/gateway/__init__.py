"""The gateway under load: many clients that add, wait and follow at once."""
