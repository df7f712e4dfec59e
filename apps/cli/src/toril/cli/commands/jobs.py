"""`toril jobs`: the jobs of a queue that are in one state."""

from typing import Annotated

import typer

from toril.bull.inspect import MOST_JOBS_A_PAGE, QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.errors import QueueNotFound
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import ago, print_json, print_note, print_table
from toril.cli.records import progress_text, record_as_json
from toril.cli.reporting import reported
from toril.types import JobRecord, JobState

_DETAIL = {JobState.FAILED: "reason", JobState.COMPLETED: "result", JobState.ACTIVE: "progress"}


@reported
def jobs(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")],
    state: Annotated[JobState, typer.Option("--state", "-s", help="Which jobs to list.")] = JobState.WAITING,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST_JOBS_A_PAGE, help="How many.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to skip.")] = 0,
    newest: Annotated[bool, typer.Option("--newest", help="The newest first.")] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the jobs of a queue that are in one state."""
    keys = QueueKeys(queue, prefix)
    records, count = run(_read(url, keys, state, offset, limit, newest))
    if as_json:
        for record in records:
            print_json(record_as_json(record))
        return
    if records:
        columns = ["id", "name", "tries", "age", _DETAIL.get(state, "data")]
        print_table(columns, [_row(record, state) for record in records])
    if len(records) < count:
        shown = f"{offset + 1} to {offset + len(records)}" if records else "none"
        print_note(f"{shown} of {count} {state.value} jobs; --offset and --limit show others")
    elif not records:
        print_note(f"queue {queue!r} has no {state.value} jobs")


async def _read(
    url: str | None, keys: QueueKeys, state: JobState, offset: int, limit: int, newest: bool
) -> tuple[list[JobRecord], int]:
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        if not await inspector.exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        records = await inspector.jobs(state, start=offset, limit=limit, newest_first=newest)
        return records, (await inspector.counts()).by_state[state]


def _row(record: JobRecord, state: JobState) -> list[str | int]:
    match state:
        case JobState.FAILED:
            since, detail = record.finished_at, record.failed_reason
        case JobState.COMPLETED:
            since, detail = record.finished_at, record.result
        case JobState.ACTIVE:
            since, detail = record.started_at, progress_text(record.progress)
        case _:
            since, detail = record.enqueued_at, record.data
    tries = f"{record.attempts_made}/{record.attempts}"
    return [record.id, record.name, tries, ago(since), detail or ""]
