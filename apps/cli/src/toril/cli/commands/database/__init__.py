"""`toril database`: the PostgreSQL of the trusted side. One command a file."""

import typer

from toril.cli.lazy import LazyGroup, defer

database = typer.Typer(
    cls=LazyGroup,
    help="Migrate the database, see how it stands, run the embedded one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
defer(
    database,
    "migrate",
    "toril.cli.commands.database.migrate_database",
    "Apply the migrations that are not applied yet.",
)
defer(
    database,
    "status",
    "toril.cli.commands.database.database_status",
    "Show which migrations the database has.",
)
defer(
    database,
    "run",
    "toril.cli.commands.database.run_database",
    "Run the embedded PostgreSQL until Ctrl-C or SIGTERM.",
)
