"""`toril database`: the PostgreSQL of the trusted side. One command a file."""

import typer

from toril.cli.commands.database.database_status import database_status
from toril.cli.commands.database.migrate_database import migrate_database
from toril.cli.commands.database.run_database import run_database

database = typer.Typer(
    help="Migrate the database, see how it stands, run the embedded one.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
database.command("migrate")(migrate_database)
database.command("status")(database_status)
database.command("run")(run_database)
