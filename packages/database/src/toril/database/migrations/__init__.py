"""Numbered SQL files, applied once each, in order, by whichever process comes first."""

from toril.database.migrations.applying import AppliedMigration, MigrationState, migrate, migration_status
from toril.database.migrations.files import OWN_MIGRATIONS, Migration, read_migrations

__all__ = [
    "OWN_MIGRATIONS",
    "AppliedMigration",
    "Migration",
    "MigrationState",
    "migrate",
    "migration_status",
    "read_migrations",
]
