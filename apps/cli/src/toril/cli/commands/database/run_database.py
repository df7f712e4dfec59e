"""`toril database run`: the embedded PostgreSQL, in the foreground."""

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from toril.cli.errors import DatabaseEnded, DatabaseRuns
from toril.cli.options import Verbose
from toril.cli.output import print_line, print_note
from toril.cli.reporting import reported
from toril.database import EmbeddedPostgres
from toril.embedded import default_data_folder
from toril.worker.process.shutdown import SIGNALS

LOOK_EVERY = 1.0


@reported
def run_database(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            show_default=False,
            help="The folder that keeps the data. By default TORIL_DATA, else .toril.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            show_default=False,
            help="Listen on this port of 127.0.0.1 too, behind a password (0: a free one).",
        ),
    ] = None,
    show_url: Annotated[
        bool, typer.Option("--show-url", help="Print the URL on stdout. With --port it holds the password.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Run the embedded PostgreSQL until Ctrl-C or SIGTERM. Commands join it by its data folder."""
    folder = data or default_data_folder()
    if EmbeddedPostgres.running(folder):
        raise DatabaseRuns(str(folder.absolute()))
    ended = threading.Event()

    def end(_number: int, _frame: object) -> None:
        ended.set()

    for number in SIGNALS:
        signal.signal(number, end)
    with EmbeddedPostgres(folder, port=port) as running:
        print_note(f"PostgreSQL runs, its data are in {folder.absolute()}; Ctrl-C ends it")
        if show_url:
            print_line(running.url, flush=True)
        while not ended.wait(LOOK_EVERY):
            if not running.is_running:
                raise DatabaseEnded(str(folder.absolute()))
    print_note("PostgreSQL has ended; its data are kept")
