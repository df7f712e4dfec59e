"""`toril broker`: the embedded broker, in the foreground."""

import os
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from toril.bull.embedded import EmbeddedBroker, default_data_folder
from toril.cli.errors import BrokerEnded, BrokerRuns
from toril.cli.options import Verbose
from toril.cli.output import print_line, print_note
from toril.cli.reporting import reported
from toril.worker.process.shutdown import SIGNALS

LOOK_EVERY = 1.0


@reported
def broker(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            show_default=False,
            help="The folder that keeps the jobs. By default TORIL_DATA, else .toril.",
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65_535,
            show_default=False,
            help="Listen on this port of 127.0.0.1, behind a password (0: a free one), not on a Unix socket.",
        ),
    ] = None,
    show_url: Annotated[
        bool, typer.Option("--show-url", help="Print the URL on stdout. With --port it holds the password.")
    ] = False,
    verbose: Verbose = False,
) -> None:
    """Run the embedded broker until Ctrl-C or SIGTERM. Commands join it by its data folder."""
    folder = data or default_data_folder()
    if EmbeddedBroker.running(folder):
        raise BrokerRuns(str(folder.absolute()))
    ended = threading.Event()

    def end(_number: int, _frame: object) -> None:
        ended.set()

    for number in SIGNALS:
        signal.signal(number, end)
    with EmbeddedBroker(folder, port=port) as running:
        _say_how_to_join(running, folder, show_url=show_url)
        server = running.pid
        while not ended.wait(LOOK_EVERY):
            if not _is_alive(server):
                raise BrokerEnded(str(folder.absolute()))
    print_note("the broker has ended; its jobs are kept")


def _say_how_to_join(running: EmbeddedBroker, folder: Path, *, show_url: bool) -> None:
    print_note(f"the broker runs, its jobs are in {folder.absolute()}")
    if folder.absolute() == default_data_folder().absolute():
        print_note("commands in this folder join it; Ctrl-C ends it")
    else:
        print_note(f"commands join it with TORIL_DATA={folder.absolute()}; Ctrl-C ends it")
    if show_url:
        print_line(running.url, flush=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
