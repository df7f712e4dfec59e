"""`toril outbox`: the relay, in the foreground."""

import asyncio
from typing import Annotated

import typer

from toril.backend.outbox import OutboxRelay
from toril.bull.keys import DEFAULT_PREFIX
from toril.cli.brokers import working_broker
from toril.cli.database_options import DatabaseUrl
from toril.cli.databases import working_database
from toril.cli.event_loop import run
from toril.cli.options import JsonLogs, Prefix, Strict, Url, Verbose
from toril.cli.reporting import reported
from toril.worker.process.logging_setup import configure_logging
from toril.worker.process.shutdown import Shutdown


@reported
def relay_outbox(
    context: typer.Context,
    database_url: DatabaseUrl = None,
    url: Url = None,
    poll: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0.01, help="Look so often even if no notification came."),
    ] = 5.0,
    prefix: Prefix = DEFAULT_PREFIX,
    strict: Strict = False,
    json_logs: JsonLogs = False,
    verbose: Verbose = False,
) -> None:
    """Move jobs that were committed to Redis, until SIGTERM or Ctrl-C: each row once, in order.

    Run it once or several times: one relay works, the others stand by. With a command it does what that says.
    """
    if context.invoked_subcommand is not None:
        return
    configure_logging(as_json=json_logs)
    with working_database(database_url) as database, working_broker(url) as broker:
        run(_relay(OutboxRelay(database, broker, prefix=prefix, poll=poll, strict=strict)))


async def _relay(relay: OutboxRelay) -> None:
    with Shutdown(asyncio.get_running_loop(), relay.stop, grace=0.0).listening():
        await relay.run()
