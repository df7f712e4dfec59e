"""Options of commands that speak to a database; apart, as no other command is to load its driver."""

from typing import Annotated

import typer

from toril.database.database_url import URL_VARIABLE

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        show_default=False,
        help=f"PostgreSQL: postgresql://. By default {URL_VARIABLE}, "
        "else the embedded one of the data folder (TORIL_DATA, else .toril).",
    ),
]
MigrationPackages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PACKAGE]…", show_default=False, help="Where an application's SQL files are: app.migrations."
    ),
]
