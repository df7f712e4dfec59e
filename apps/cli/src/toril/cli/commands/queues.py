"""`toril queues`: which queues there are, how many jobs they hold, and how they stand."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from toril.bull.directory import QueueNames, find_queues
from toril.bull.inspect import LIMITED_BY_HAND, QueueCounts, QueueInspector, QueueMeta
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import print_json, print_note, print_table, span
from toril.cli.reporting import reported
from toril.types import JobState

_TO_BE_TAKEN = (JobState.WAITING, JobState.PRIORITIZED)


class QueueStatus(NamedTuple):
    """What is told of a queue. `limited_for` is how long a rate limit holds, in seconds."""

    name: str
    counts: QueueCounts
    oldest: Mapping[JobState, float]
    meta: QueueMeta
    limited_for: float


@reported
def queues(
    url: Url = None, prefix: Prefix = DEFAULT_PREFIX, as_json: AsJson = False, verbose: Verbose = False
) -> None:
    """List the queues, with the number of jobs in each state.

    Also how long the oldest job has waited, and what is limited.
    """
    found, statuses = run(_read(url, prefix))
    if as_json:
        for status in statuses:
            print_json(_as_json(status))
    elif statuses:
        states = [state.removeprefix("waiting-") for state in JobState]
        columns = ["queue", *states, "oldest", "limits"]
        print_table(columns, [_row(status) for status in statuses], hides_empty=True)
    else:
        print_note(f"no queues below the prefix {prefix!r}")
    if not found.complete:
        print_note("not all keys were looked at, there are too many: some queues may be missing")


async def _read(url: str | None, prefix: str) -> tuple[QueueNames, list[QueueStatus]]:
    async with reading(url) as connection:
        found = await find_queues(connection, prefix=prefix)
        inspectors = [QueueInspector(connection, QueueKeys(name, prefix)) for name in found.names]
        return found, [await _status(inspector) for inspector in inspectors]


async def _status(inspector: QueueInspector) -> QueueStatus:
    meta = await inspector.meta()
    # Without a limit of the queue's own, a window that runs may be one of its workers', and not be full.
    limited_for = await inspector.rate_limited_for(None if meta.rate_limit else LIMITED_BY_HAND)
    counts, oldest = await inspector.counts(), await inspector.oldest()
    return QueueStatus(inspector.keys.queue, counts, oldest, meta, limited_for)


def _as_json(status: QueueStatus) -> dict[str, Any]:
    limit = status.meta.rate_limit
    return {
        "queue": status.name,
        "paused": status.counts.paused,
        "counts": {_key(state): count for state, count in status.counts.by_state.items()},
        "oldest": {_key(state): round(age, 3) for state, age in status.oldest.items()},
        "concurrency": status.meta.concurrency,
        "rate_limit": None if limit is None else limit._asdict(),
        "rate_limited_for": status.limited_for,
    }


def _key(state: JobState) -> str:
    return state.value.replace("-", "_")


def _row(status: QueueStatus) -> list[str | int]:
    oldest = max((status.oldest[state] for state in _TO_BE_TAKEN if state in status.oldest), default=None)
    counts = [status.counts.by_state[state] for state in JobState]
    return [status.name, *counts, "-" if oldest is None else span(oldest), _limits(status) or "-"]


def _limits(status: QueueStatus) -> str:
    concurrency, limit = status.meta.concurrency, status.meta.rate_limit
    said = ["paused"] if status.counts.paused else []
    if concurrency is not None:
        said.append(f"{concurrency} at once")
    if limit is not None:
        said.append(f"{limit.jobs} per {limit.duration:g} s")
    if status.limited_for:
        said.append(f"full for {span(status.limited_for)}")
    return ", ".join(said)
