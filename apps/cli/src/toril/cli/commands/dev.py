"""`toril dev`: an application with all that belongs to it, in one terminal."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from toril.bull.embedded import default_data_folder
from toril.cli.dev.lines import LineHandler, prefixed
from toril.cli.dev.loading import load_application
from toril.cli.dev.reloading import reload_on_change
from toril.cli.dev.session import Session
from toril.cli.kept_process import Tell
from toril.cli.options import Verbose
from toril.cli.reporting import reported
from toril.worker.process.logging_setup import configure_logging
from toril.worker.process.shutdown import SIGNALS


@reported
def dev(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PACKAGE|MODULE:NAME",
            help="Where the application is described: a package whose module `dev` has an `application`.",
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="DIR",
            show_default=False,
            help="The folder that keeps the jobs. By default TORIL_DATA, else .toril.",
        ),
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Start again what runs files that have changed.")
    ] = True,
    verbose: Verbose = False,
) -> None:
    """Start a broker and an application's processes, and start again what crashes or whose files change.

    Ctrl-C ends everything: first what takes requests, then the workers, whose running jobs may end, then the
    broker. A second one hastens it.
    """
    application, sources = load_application(target)
    tell = prefixed(["dev", "broker", *application.workers], sys.stdout)
    configure_logging(handler=LineHandler(lambda line: tell("dev", line)))
    session = Session(
        application, project=Path.cwd(), data=data or default_data_folder(), tell=tell, mendable=reload
    )
    asyncio.run(_serve(session, sources if reload else None, tell))


async def _serve(session: Session, watched: Path | None, tell: Tell) -> None:
    serving = asyncio.current_task()
    is_ending = False

    def end() -> None:
        nonlocal is_ending
        if is_ending or serving is None:
            session.hasten()
            return
        is_ending = True
        tell("dev", "ending; Ctrl-C again hastens it")
        serving.cancel()

    for number in SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        async with session.running():
            tell("dev", "everything is started; Ctrl-C ends it")
            if watched is not None:
                await reload_on_change(watched, session, tell)
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        tell("dev", "everything has ended")
