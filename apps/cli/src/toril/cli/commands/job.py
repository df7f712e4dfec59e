"""`toril job`: everything of one job."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from toril.bull.errors import JobNotFound
from toril.bull.inspect import ChildrenCounts, JobLogs, QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.brokers import reading
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, Url, Verbose
from toril.cli.output import ago, print_fields, print_json, print_note, print_section
from toril.cli.records import progress_text, read_json, record_as_json
from toril.cli.reporting import reported
from toril.types import JobRecord


@reported
def job(
    queue: Annotated[str, typer.Argument(metavar="QUEUE", help="The queue's name.")],
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The job's id.")],
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show a job: its fields, data, result, failures and log."""
    record, children, logs = run(_read(url, QueueKeys(queue, prefix), job_id))
    if as_json:
        print_json(record_as_json(record) | {"children": asdict(children), "logs": logs.lines})
        return
    fields = _fields(record) | {"children": _children(children)}
    print_fields({label: value for label, value in fields.items() if value})
    print_section("data", _pretty(record.data))
    if record.result is not None:
        print_section("result", _pretty(record.result))
    for number, trace in enumerate(record.stacktrace, 1):
        print_section(f"stack of failure {number}", trace)
    if logs.lines:
        print_section("log", "\n".join(logs.lines))
    if logs.total > len(logs.lines):
        print_note(f"the log has {logs.total} lines; these are the first {len(logs.lines)}")


async def _read(url: str | None, keys: QueueKeys, job_id: str) -> tuple[JobRecord, ChildrenCounts, JobLogs]:
    async with reading(url) as connection:
        inspector = QueueInspector(connection, keys)
        record = await inspector.job(job_id)
        if record is None:
            raise JobNotFound(keys.queue, job_id)
        return record, await inspector.children_counts(job_id), await inspector.logs(job_id)


def _fields(record: JobRecord) -> dict[str, str]:
    return {
        "job": f"{record.id} in {record.queue}",
        "name": record.name,
        "state": str(record.state or "in no state"),
        "enqueued": _moment(record.enqueued_at),
        "started": _moment(record.started_at),
        "finished": _moment(record.finished_at),
        "delay": f"{record.delay:g} s" if record.delay else "",
        "expires": "" if record.expires_in is None else f"{record.expires_in:g} s after it was added",
        "priority": str(record.priority or ""),
        "attempts": f"{record.attempts_made} of {record.attempts}"
        + (f", {record.stalled_count} stalled" if record.stalled_count else ""),
        "progress": progress_text(record.progress),
        "worker": record.processed_by or "",
        "parent": record.parent_key or "",
        "contract": f"version {record.contract_version}" if record.contract_version is not None else "",
        "failed": record.failed_reason or "",
    }


def _children(counts: ChildrenCounts) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in asdict(counts).items() if count)


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment.isoformat(sep=' ', timespec='milliseconds')}  ({ago(moment)} ago)"


def _pretty(stored: str) -> str:
    value: Any = read_json(stored)
    return value if value is stored else json.dumps(value, ensure_ascii=False, indent=2)
