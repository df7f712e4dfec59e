"""The command `toril`."""

from importlib.metadata import version
from typing import Annotated

import typer

from toril.cli.commands.broker import broker
from toril.cli.commands.enqueue import enqueue
from toril.cli.commands.job import job
from toril.cli.commands.jobs import jobs
from toril.cli.commands.queues import queues
from toril.cli.commands.worker import worker
from toril.cli.exit_codes import MEANINGS
from toril.cli.logging_setup import configure_logging
from toril.cli.output import print_line

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
for command in (worker, enqueue, queues, jobs, job, broker):
    app.command()(command)


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
