"""`toril workers`: who is connected to work on a queue."""

from dataclasses import asdict
from typing import Annotated

import typer

from toril.bull.inspect import QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.bull.workers import WorkerPresence
from toril.cli.brokers import reading
from toril.cli.errors import QueueNotFound
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import print_json, print_note, print_table, span
from toril.cli.reporting import reported


@reported
def workers(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")],
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the workers that are connected to a queue, also Node's."""
    found = run(_read(url, QueueKeys(queue, prefix)))
    if as_json:
        for worker in found:
            print_json(asdict(worker))
    elif found:
        columns = ["name", "address", "connected"]
        print_table(columns, [[each.name or "-", _place_of(each), span(each.age)] for each in found])
    else:
        print_note(f"no worker is connected to queue {queue!r}")


def _place_of(worker: WorkerPresence) -> str:
    """Where a worker is. Of a Unix socket the server knows the path alone, and writes it in its own way."""
    return "this machine" if "/" in worker.address else worker.address


async def _read(url: str | None, keys: QueueKeys) -> list[WorkerPresence]:
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        found = await inspector.workers()
        # A worker may be there before anybody has used its queue.
        if not found and not await inspector.exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        return found
