"""The command `toril`."""

from importlib.metadata import version
from typing import Annotated

import typer

from toril.cli.commands.backend import backend
from toril.cli.commands.broker import broker
from toril.cli.commands.cancel import cancel
from toril.cli.commands.clean import clean
from toril.cli.commands.database import database
from toril.cli.commands.dev import dev
from toril.cli.commands.drain import drain
from toril.cli.commands.enqueue import enqueue
from toril.cli.commands.events import events
from toril.cli.commands.job import job
from toril.cli.commands.jobs import jobs
from toril.cli.commands.key import key
from toril.cli.commands.limit import limit
from toril.cli.commands.metrics import metrics
from toril.cli.commands.obliterate import obliterate
from toril.cli.commands.outbox import outbox
from toril.cli.commands.pause import pause, resume
from toril.cli.commands.promote import promote
from toril.cli.commands.queues import queues
from toril.cli.commands.remove import remove
from toril.cli.commands.retry import retry
from toril.cli.commands.schedule import schedule
from toril.cli.commands.worker import worker
from toril.cli.commands.workers import workers
from toril.cli.exit_codes import MEANINGS
from toril.cli.output import print_line
from toril.worker.process.logging_setup import configure_logging

# \b keeps the lines as they stand.
_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"{code:5}  {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="toril",
    help="Typed asynchronous jobs for Python and Node on one Redis or Valkey.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_WORKING = (worker, enqueue, backend, broker, dev)
_WATCHING = (queues, workers, jobs, job, events, metrics)
_STEERING = (pause, resume, limit, retry, promote, cancel, remove, clean, drain, obliterate)
for command in (*_WORKING, *_WATCHING, *_STEERING):
    app.command()(command)
app.add_typer(schedule, name="schedule")
app.add_typer(key, name="key")
app.add_typer(database, name="database")
app.add_typer(outbox, name="outbox")


def _show_version(asked: bool) -> None:
    if asked:
        print_line(f"toril {version('toril')}")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    configure_logging()


def main() -> None:
    """Run the command line that this process was given; ends the process."""
    app(prog_name="toril")
