"""The command `toril`."""

from typing import Annotated

import typer

from toril.cli.exit_codes import MEANINGS
from toril.cli.first_line import log_from_first_line
from toril.cli.lazy import LazyGroup, defer

# \b keeps the lines as they stand.
_EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"{code:5}  {meaning}" for code, meaning in MEANINGS.items())

app = typer.Typer(
    name="toril",
    cls=LazyGroup,
    help="Typed asynchronous jobs for Python and Node on one Redis or Valkey.",
    epilog=_EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
_COMMANDS = {
    "worker": "Run the jobs of the queues that the handlers serve.",
    "enqueue": "Add a job to its queue.",
    "backend": "Serve the jobs of contracts over HTTP.",
    "broker": "Run the embedded broker until Ctrl-C or SIGTERM.",
    "dev": "Start an application and what it needs, in one terminal.",
    # what is there, and what happens
    "queues": "List the queues, with the number of jobs in each state.",
    "workers": "List the workers that are connected to a queue, also Node's.",
    "jobs": "List the jobs of a queue in one state, or in several.",
    "job": "Show a job: its fields, data, result, failures and log.",
    "events": "Show what happens in queues, as it happens, until Ctrl-C.",
    "metrics": "Show how many jobs of a queue completed and failed.",
    # steering
    "pause": "Let no worker take jobs of a queue.",
    "resume": "Let workers take jobs of a queue again.",
    "limit": "Set the limits of a queue over all its workers, and show them.",
    "retry": "Let jobs run again that have failed or completed.",
    "promote": "Let delayed jobs run now.",
    "cancel": "Remove jobs that wait, and have jobs that run stopped.",
    "remove": "Remove jobs in whatever state, with their children.",
    "clean": "Remove the jobs of a queue that are in one state.",
    "drain": "Remove the jobs of a queue that wait to be started.",
    "obliterate": "Remove a paused queue for good.",
    # groups
    "schedule": "List, set and remove schedules: jobs that run again and again.",
    "key": "Make the API keys by which clients call the gateway.",
    "database": "Migrate the database, see how it stands, run the embedded one.",
    "outbox": "Relay jobs from a database's outbox to Redis.",
}
for name, summary in _COMMANDS.items():
    defer(app, name, f"toril.cli.commands.{name}", summary)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # no other command needs it

        typer.echo(f"toril {version('toril')}")
        raise typer.Exit


@app.callback()
def _common(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    log_from_first_line()


def main() -> None:
    """Run the command line that this process was given; ends the process."""
    app(prog_name="toril")
