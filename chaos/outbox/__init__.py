"""Commits transactions with jobs while the relay, Redis and PostgreSQL are killed in turn."""
