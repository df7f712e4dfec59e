"""`toril database status`: which migrations a database has."""

from collections.abc import Sequence
from typing import Any

from toril.cli.database_options import DatabaseUrl, MigrationPackages
from toril.cli.databases import reading_database
from toril.cli.event_loop import run
from toril.cli.loading import load_migrations
from toril.cli.options import AsJson, Verbose
from toril.cli.output import ago, print_json, print_table
from toril.cli.reporting import reported
from toril.database.migrations import AppliedMigration, migration_status
from toril.worker.process.logging_setup import configure_logging


@reported
def database_status(
    packages: MigrationPackages = None,
    url: DatabaseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show which migrations the database has. Toril's own, and those of the packages."""
    configure_logging()
    wanted = load_migrations(packages or [])
    found = run(_read(url, wanted))
    if as_json:
        for each in found:
            print_json(_as_json(each))
    else:
        rows = [[each.package, each.name, each.state.value, ago(each.applied_at)] for each in found]
        print_table(["package", "name", "state", "applied"], rows)


async def _read(url: str | None, packages: Sequence[str]) -> list[AppliedMigration]:
    async with reading_database(url) as connection:
        return await migration_status(connection, *packages)


def _as_json(migration: AppliedMigration) -> dict[str, Any]:
    applied_at = None if migration.applied_at is None else migration.applied_at.isoformat()
    return migration._asdict() | {"state": migration.state.value, "applied_at": applied_at}
