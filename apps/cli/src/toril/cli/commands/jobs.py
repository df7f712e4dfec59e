"""`toril jobs`: the jobs of a queue that are in one state, or in several."""

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
    states: Annotated[
        list[JobState] | None,
        typer.Option(
            "--state", "-s", show_default="waiting", help="Which jobs to list; may be given several times."
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=MOST_JOBS_A_PAGE, help="How many.")] = 20,
    offset: Annotated[int, typer.Option("--offset", min=0, help="How many to skip.")] = 0,
    newest_first: Annotated[
        bool, typer.Option("--newest-first/--oldest-first", help="In which order.")
    ] = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """List the jobs of a queue in one state, or in several."""
    keys = QueueKeys(queue, prefix)
    wanted = list(dict.fromkeys(states or [JobState.WAITING]))
    records, count = run(_read(url, keys, wanted, offset, limit, newest_first))
    if as_json:
        for record in records:
            print_json(record_as_json(record))
        return
    called = " or ".join(state.value for state in wanted)
    if records:
        print_table(*_table(records, wanted))
    if len(records) < count:
        shown = f"{offset + 1} to {offset + len(records)}" if records else "none"
        print_note(f"{shown} of {count} {called} jobs; --offset and --limit show others")
    elif not records:
        print_note(f"queue {queue!r} has no {called} jobs")


async def _read(
    url: str | None, keys: QueueKeys, states: list[JobState], offset: int, limit: int, newest_first: bool
) -> tuple[list[JobRecord], int]:
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        if not await inspector.exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        records = await inspector.jobs(states, start=offset, limit=limit, newest_first=newest_first)
        counts = (await inspector.counts()).by_state
        return records, sum(counts[state] for state in states)


def _table(records: list[JobRecord], states: list[JobState]) -> tuple[list[str], list[list[str | int]]]:
    """Columns and rows; the state is one of them if there are several."""
    rows = [_row(record) for record in records]
    if len(states) == 1:
        return ["id", "name", "tries", "age", _DETAIL.get(states[0], "data")], rows
    with_state = [[str(record.state), *row] for record, row in zip(records, rows, strict=True)]
    return ["state", "id", "name", "tries", "age", "detail"], with_state


def _row(record: JobRecord) -> list[str | int]:
    match record.state:
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
