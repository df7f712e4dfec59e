"""Which migrations a database has, and how it gets the others."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from psycopg import AsyncConnection, Error

from toril.database.connecting import reason_of
from toril.database.errors import MigrationChanged, MigrationFailed
from toril.database.migrations.files import OWN_MIGRATIONS, Migration, read_migrations

# One process applies migrations at a time, whatever their packages; the others wait for it, so long at most.
_LOCK = 0x746F72696C000001  # "toril", 1
_WAIT = "SET LOCAL lock_timeout = '10min'"

_KNOWN = """
CREATE SCHEMA IF NOT EXISTS toril;
CREATE TABLE IF NOT EXISTS toril.migrations (
    package text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (package, number)
)
"""


class MigrationState(StrEnum):
    """How a database stands towards a migration."""

    APPLIED = "applied"
    PENDING = "pending"
    CHANGED = "changed"
    """Applied, and the file is another one by now."""
    UNKNOWN = "unknown"
    """Applied by a newer release: this one has no such file."""


class AppliedMigration(NamedTuple):
    """A migration, and how the database stands towards it. `applied_at` is None for a pending one."""

    package: str
    number: int
    name: str
    state: MigrationState
    applied_at: datetime | None


class _Record(NamedTuple):
    name: str
    checksum: str
    applied_at: datetime


async def migrate(connection: AsyncConnection[Any], *packages: str) -> list[Migration]:
    """Apply what is not applied yet, each in a transaction: Toril's own migrations, then the packages'.

    Many processes may do so at the same time: one applies, the others wait for it and find it done.

    Args:
        connection: in autocommit, so that each migration is a transaction of its own.
        packages: see `read_migrations`.

    Returns:
        What this call has applied.

    Raises:
        InvalidMigrations: a package has none, or not in order; nothing is applied.
        MigrationChanged: a file differs from what was applied; nothing of its package is applied.
        MigrationFailed: PostgreSQL refused one; those before it are applied.
    """
    wanted = [read_migrations(package) for package in dict.fromkeys((OWN_MIGRATIONS, *packages))]
    return [
        migration
        for of_package in wanted
        for migration in of_package
        if await _apply(connection, migration, of_package)
    ]


async def migration_status(connection: AsyncConnection[Any], *packages: str) -> list[AppliedMigration]:
    """How the database stands towards Toril's own migrations and those of the packages, in order.

    Raises:
        InvalidMigrations: a package has none, or not in order.
    """
    found: list[AppliedMigration] = []
    for package in dict.fromkeys((OWN_MIGRATIONS, *packages)):
        records = await _records(connection, package)
        files = {migration.number: migration for migration in read_migrations(package)}
        for number in sorted(files.keys() | records.keys()):
            migration, record = files.get(number), records.get(number)
            name = migration.name if migration else records[number].name
            state = _state(migration, record)
            found.append(AppliedMigration(package, number, name, state, record and record.applied_at))
    return found


async def _apply(
    connection: AsyncConnection[Any], migration: Migration, of_package: Sequence[Migration]
) -> bool:
    """Whether this call has applied it."""
    try:
        async with connection.transaction():
            await connection.execute(_WAIT)
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            records = await _records(connection, migration.package)
            _check_unchanged(of_package, records)
            if migration.number in records:
                return False
            if not await _exists(connection):
                await connection.execute(_KNOWN)
            await connection.execute(migration.text.encode())
            await connection.execute(
                "INSERT INTO toril.migrations (package, number, name, checksum) VALUES (%s, %s, %s, %s)",
                [migration.package, migration.number, migration.name, migration.checksum],
            )
    except Error as error:
        raise MigrationFailed(migration.package, migration.name, reason_of(error)) from error
    return True


async def _records(connection: AsyncConnection[Any], package: str) -> Mapping[int, _Record]:
    if not await _exists(connection):
        return {}
    rows = await connection.execute(
        "SELECT number, name, checksum, applied_at FROM toril.migrations WHERE package = %s", [package]
    )
    return {number: _Record(*rest) for number, *rest in await rows.fetchall()}


async def _exists(connection: AsyncConnection[Any]) -> bool:
    """Whether anything was ever applied. Who may not create a schema must not have to ask for one."""
    row = await (await connection.execute("SELECT to_regclass('toril.migrations') IS NOT NULL")).fetchone()
    return bool(row and row[0])


def _check_unchanged(migrations: Sequence[Migration], records: Mapping[int, _Record]) -> None:
    for migration in migrations:
        if _state(migration, records.get(migration.number)) is MigrationState.CHANGED:
            raise MigrationChanged(migration.package, migration.name)


def _state(migration: Migration | None, record: _Record | None) -> MigrationState:
    if record is None:
        return MigrationState.PENDING
    if migration is None:
        return MigrationState.UNKNOWN
    return MigrationState.APPLIED if migration.checksum == record.checksum else MigrationState.CHANGED
