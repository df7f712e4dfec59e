"""`toril metrics`: how many jobs of a queue have ended, minute by minute."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from toril.bull.inspect import MOST_POINTS, QueueInspector, QueueMetrics
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.errors import QueueNotFound
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import print_json, print_note, print_table
from toril.cli.reporting import reported
from toril.types import JobState

_BARS = "▁▂▃▄▅▆▇█"
_MINUTE = timedelta(minutes=1)


@reported
def metrics(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")],
    minutes: Annotated[
        int, typer.Option("--minutes", "-m", min=1, max=MOST_POINTS, help="How many to look back.")
    ] = 60,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show how many jobs of a queue completed and failed.

    In all, and in each of the last minutes.
    """
    found = run(_read(url, QueueKeys(queue, prefix), minutes))
    if as_json:
        for each in found:
            print_json(_as_json(each))
        return
    if not any(each.count for each in found):
        print_note(
            f"no worker has counted the jobs of queue {queue!r}: those with `metrics_minutes` do, "
            "and those of Node with `metrics`"
        )
        return
    now = datetime.now(UTC)
    columns = ["state", "in all", f"last {minutes} min", "busiest", "minutes, newest first"]
    print_table(columns, [_row(each, now, minutes) for each in found])


async def _read(url: str | None, keys: QueueKeys, minutes: int) -> list[QueueMetrics]:
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        if not await inspector.exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        return [
            await inspector.metrics(JobState.COMPLETED, limit=minutes),
            await inspector.metrics(JobState.FAILED, limit=minutes),
        ]


def _as_json(metrics: QueueMetrics) -> dict[str, Any]:
    counted_until = metrics.counted_until
    return {
        "state": metrics.state,
        "count": metrics.count,
        "counted_until": None if counted_until is None else counted_until.isoformat(),
        "stored_minutes": metrics.stored_points,
        "minutes": [{"minute": each.minute.isoformat(), "jobs": each.jobs} for each in metrics.minutes()],
    }


def _row(metrics: QueueMetrics, now: datetime, minutes: int) -> list[str | int]:
    counts = list(_last(metrics, now, minutes))
    busiest = max(counts)
    return [metrics.state, metrics.count, sum(counts), busiest, _bars(counts, busiest)]


def _last(metrics: QueueMetrics, now: datetime, minutes: int) -> Iterator[int]:
    """The counts of the last minutes, the one that runs first."""
    by_minute = {each.minute: each.jobs for each in metrics.minutes()}
    this_minute = now.replace(second=0, microsecond=0)
    for back in range(minutes):
        yield by_minute.get(this_minute - back * _MINUTE, 0)


def _bars(counts: list[int], highest: int) -> str:
    """A bar for each count: a point for none, the highest for the busiest minute."""
    if not highest:
        return "·" * len(counts)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(count / highest * steps)] if count else "·" for count in counts)
