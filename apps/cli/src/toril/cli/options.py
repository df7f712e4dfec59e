"""Options that several commands share."""

from typing import Annotated

import typer

from toril.bull.broker_url import URL_VARIABLE
from toril.database.database_url import URL_VARIABLE as DATABASE_URL_VARIABLE

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        metavar="URL",
        show_default=False,
        help=f"Redis: redis://, rediss:// or unix://. By default {URL_VARIABLE}, "
        "else the embedded broker of the data folder (TORIL_DATA, else .toril).",
    ),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        metavar="URL",
        show_default=False,
        help=f"PostgreSQL: postgresql://. By default {DATABASE_URL_VARIABLE}, "
        "else the embedded one of the data folder (TORIL_DATA, else .toril).",
    ),
]
MigrationPackages = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[PACKAGE]…", show_default=False, help="Where an application's SQL files are: app.migrations."
    ),
]
Prefix = Annotated[
    str, typer.Option("--prefix", metavar="TEXT", help="The first part of every key, for all who share jobs.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with keys that stay the same.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show stack traces.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a Redis that may evict keys, instead of warning about it.")
]
QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")]
JobIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", show_default=False, help="Jobs' ids.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal.")]
