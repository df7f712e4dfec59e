"""PostgreSQL for the trusted side: a pool, migrations, an outbox for jobs that belong to a transaction."""

from toril.database import outbox
from toril.database.database import Database
from toril.database.database_url import database_url
from toril.database.embedded import EmbeddedPostgres
from toril.database.errors import (
    DatabaseError,
    DatabaseUnavailable,
    EmbeddedPostgresFailed,
    InvalidDatabaseURL,
    InvalidMigrations,
    MigrationChanged,
    MigrationError,
    MigrationFailed,
    OutboxMissing,
    UnknownConnection,
)

__all__ = [
    "Database",
    "DatabaseError",
    "DatabaseUnavailable",
    "EmbeddedPostgres",
    "EmbeddedPostgresFailed",
    "InvalidDatabaseURL",
    "InvalidMigrations",
    "MigrationChanged",
    "MigrationError",
    "MigrationFailed",
    "OutboxMissing",
    "UnknownConnection",
    "database_url",
    "outbox",
]
