"""`toril schedule list`: the schedules of a queue."""

from typing import Annotated

import typer

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.bull.schedules import MOST_SCHEDULES_A_PAGE
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_json, print_note, print_table
from toril.cli.reporting import reported
from toril.cli.schedules import in_words, next_run_in_words, schedule_as_json, schedules_of
from toril.types import ScheduleRecord


@reported
def list_schedules(
    queue: QueueName,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, max=MOST_SCHEDULES_A_PAGE, help="How many.")
    ] = 100,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to skip.")] = 0,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the schedules of a queue, the one that runs next first."""
    records, count = run(_read(url, QueueKeys(queue, prefix), offset, limit))
    if as_json:
        for record in records:
            print_json(schedule_as_json(record))
        return
    if records:
        print_table(["id", "job", "runs", "next run", "when"], [_row(record) for record in records])
    if len(records) < count:
        print_note(f"{len(records)} of {count} schedules; --offset and --limit show others")
    elif not records:
        print_note(f"queue {queue!r} has no schedules")


async def _read(
    url: str | None, keys: QueueKeys, offset: int, limit: int
) -> tuple[list[ScheduleRecord], int]:
    async with schedules_of(url, keys) as schedules:
        return await schedules.list(start=offset, limit=limit), await schedules.count()


def _row(record: ScheduleRecord) -> list[str | int]:
    return [record.id, record.name, record.runs, next_run_in_words(record), in_words(record.schedule)]
