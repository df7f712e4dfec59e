"""A private PostgreSQL: a real server from a wheel that ends with its owner."""

from toril.database.embedded.postgres import EmbeddedPostgres

__all__ = ["EmbeddedPostgres"]
