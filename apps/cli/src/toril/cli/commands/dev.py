"""`toril dev`: an application with all that belongs to it, in one terminal."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from toril.cli.dev.lines import LineHandler, prefixed
from toril.cli.dev.loading import load_application
from toril.cli.options import DataFolder, Verbose
from toril.cli.reporting import reported
from toril.embedded import default_data_folder
from toril.worker.process.logging_setup import configure_logging

PARTS = ("dev", "broker", "postgres", "outbox", "gateway", "web")


@reported
def dev(
    target: Annotated[
        str,
        typer.Argument(
            metavar="PACKAGE|MODULE:NAME",
            help="Where the application is described: a package whose module `dev` has an `application`.",
        ),
    ],
    data: DataFolder = None,
    reload: Annotated[
        bool, typer.Option("--reload/--no-reload", help="Start again what runs files that have changed.")
    ] = True,
    web_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port of its web application; 0 is a free one.")
    ] = 8000,
    gateway_port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port of the gateway; 0 is a free one.")
    ] = 8001,
    verbose: Verbose = False,
) -> None:
    """Start an application and what it needs, in one terminal.

    What crashes, or whose files change, is started again.

    These are a broker, PostgreSQL for an application with a database, its workers, the gateway, and its web
    application. Ctrl-C ends everything: first what takes requests, then the workers, whose running jobs may
    end, then the servers. A second one hastens it.
    """
    # PostgreSQL's driver takes long to load: only those who start it wait for that.
    from toril.cli.dev.serving import serve
    from toril.cli.dev.session import Session, SessionSettings

    configure_logging()  # for what the application logs as it is loaded
    application, sources = load_application(target)
    tell = prefixed([*PARTS, *application.workers], sys.stdout)
    configure_logging(handler=LineHandler(lambda line: tell("dev", line)))
    settings = SessionSettings(
        project=Path.cwd(),
        data=data or default_data_folder(),
        web_port=web_port,
        gateway_port=gateway_port,
        mendable=reload,
    )
    session = Session(application, settings, tell)
    asyncio.run(serve(session, sources if reload else None, tell))
