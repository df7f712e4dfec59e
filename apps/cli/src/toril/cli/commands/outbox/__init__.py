"""`toril outbox`: from committed transactions to Redis. One command a file."""

import typer

from toril.cli.commands.outbox.outbox_status import outbox_status
from toril.cli.commands.outbox.relay_outbox import relay_outbox
from toril.cli.commands.outbox.retry_rows import retry_rows

outbox = typer.Typer(
    help="Relay jobs from a database's outbox to Redis.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
outbox.callback()(relay_outbox)
outbox.command("status")(outbox_status)
outbox.command("retry")(retry_rows)
