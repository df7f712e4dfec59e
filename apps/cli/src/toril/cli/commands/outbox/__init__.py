"""`toril outbox`: from committed transactions to Redis. One command a file."""

import typer

from toril.cli.commands.outbox.relay_outbox import relay_outbox
from toril.cli.lazy import LazyGroup, defer

outbox = typer.Typer(
    cls=LazyGroup,
    help="Relay jobs from a database's outbox to Redis.",
    invoke_without_command=True,
    rich_markup_mode=None,
)
outbox.callback()(relay_outbox)
defer(outbox, "status", "toril.cli.commands.outbox.outbox_status", "Show how many rows wait to be relayed.")
defer(outbox, "retry", "toril.cli.commands.outbox.retry_rows", "Have rows relayed that were set aside.")
