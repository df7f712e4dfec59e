"""`toril queues`: which queues there are, and how many jobs they hold."""

from typing import Any

from toril.bull.directory import QueueNames, find_queues
from toril.bull.inspect import QueueCounts, QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import print_json, print_note, print_table
from toril.cli.reporting import reported
from toril.types import JobState


@reported
def queues(
    url: Url = None, prefix: Prefix = DEFAULT_PREFIX, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """List the queues and how many jobs each has in each state."""
    found, counts = run(_read(url, prefix))
    if as_json:
        for name, count in counts.items():
            print_json(_as_json(name, count))
    elif counts:
        columns = ["queue", *(state.removeprefix("waiting-") for state in JobState)]
        print_table(columns, [_row(name, count) for name, count in counts.items()])
    else:
        print_note(f"no queues below the prefix {prefix!r}")
    if not found.complete:
        print_note("not all keys were looked at, there are too many: some queues may be missing")


async def _read(url: str | None, prefix: str) -> tuple[QueueNames, dict[str, QueueCounts]]:
    async with reading(url) as connection:
        found = await find_queues(connection, prefix=prefix)
        return found, {
            name: await QueueInspector(connection, QueueKeys(name, prefix)).counts() for name in found.names
        }


def _as_json(name: str, counts: QueueCounts) -> dict[str, Any]:
    by_state = {state.value.replace("-", "_"): count for state, count in counts.by_state.items()}
    return {"queue": name, "paused": counts.paused, "counts": by_state}


def _row(name: str, counts: QueueCounts) -> list[str | int]:
    return [f"{name} (paused)" if counts.paused else name, *(counts.by_state[state] for state in JobState)]
