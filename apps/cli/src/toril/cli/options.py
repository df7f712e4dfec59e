"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from toril.bull.broker_url import URL_VARIABLE

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
Prefix = Annotated[
    str, typer.Option("--prefix", metavar="TEXT", help="The first part of every key, for all who share jobs.")
]
DataFolder = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        show_default=False,
        help="The folder that keeps the data. By default TORIL_DATA, else .toril.",
    ),
]
LoopbackPort = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65_535,
        show_default=False,
        help="Listen on this port of 127.0.0.1, behind a password (0: a free one), not on a socket alone.",
    ),
]
ShowUrl = Annotated[
    bool, typer.Option("--show-url", help="Print the URL on stdout. With --port it holds the password.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, with keys that stay the same.")]
JsonLogs = Annotated[bool, typer.Option("--json", help="Log JSON lines to stderr; so does LOG_FORMAT=json.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show stack traces.")]
Strict = Annotated[
    bool, typer.Option("--strict", help="Refuse a Redis that may evict keys, instead of warning about it.")
]
QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")]
JobIds = Annotated[list[str] | None, typer.Argument(metavar="[ID]…", show_default=False, help="Jobs' ids.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; needed where there is no terminal.")]
