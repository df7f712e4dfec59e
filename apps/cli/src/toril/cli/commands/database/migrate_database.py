"""`toril database migrate`: apply what is not applied yet."""

from collections.abc import Sequence

from toril.cli.database_options import DatabaseUrl, MigrationPackages
from toril.cli.databases import CLIENT_NAME, working_database
from toril.cli.event_loop import run
from toril.cli.loading import load_migrations
from toril.cli.options import AsJson, Verbose
from toril.cli.output import print_json, print_note, print_table
from toril.cli.reporting import reported
from toril.database.connecting import connect
from toril.database.migrations import Migration, migrate
from toril.worker.process.logging_setup import configure_logging


@reported
def migrate_database(
    packages: MigrationPackages = None,
    url: DatabaseUrl = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Apply the migrations that are not applied yet.

    Toril's own come first, then those of the packages, in order.

    Run it with every deploy, from as many processes as you like: one applies, the others find it done.
    """
    configure_logging()
    wanted = load_migrations(packages or [])
    with working_database(url) as known:
        applied = run(_migrate(known, wanted))
    if as_json:
        for each in applied:
            print_json({"package": each.package, "number": each.number, "name": each.name})
    elif applied:
        print_table(["package", "applied"], [[each.package, each.name] for each in applied])
    else:
        print_note("everything is applied already")


async def _migrate(url: str, packages: Sequence[str]) -> list[Migration]:
    async with await connect(url, name=CLIENT_NAME) as connection:
        return await migrate(connection, *packages)
