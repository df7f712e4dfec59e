"""Events of a queue as JSON, and as lines for people."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from toril.cli.records import progress_text, read_json
from toril.types import EventKind, JobEvent

# How wide a column is at least.
COLUMNS = {"time": 12, "event": 17, "job": 8, "detail": 0}


def event_as_json(event: JobEvent) -> dict[str, Any]:
    """Everything of an event, with keys that stay the same; `result` as a JSON value."""
    values = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(event).items()
    }
    at = None if event.at is None else event.at.isoformat()
    return values | {"at": at, "fields": dict(event.fields), "result": read_json(event.result)}


def event_cells(event: JobEvent) -> list[str]:
    """An event in the COLUMNS; its time is this machine's."""
    time = "" if event.at is None else event.at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    return [time, event.name, event.job_id or "", _detail(event)]


def _detail(event: JobEvent) -> str:
    match event.kind:
        case EventKind.ADDED:
            return event.job_name or ""
        case EventKind.DELAYED:
            return "" if event.due_at is None else f"due {event.due_at.astimezone():%Y-%m-%d %H:%M:%S}"
        case EventKind.PROGRESS:
            return progress_text(event.progress)
        case EventKind.COMPLETED:
            return event.result or ""
        case EventKind.FAILED:
            return event.failed_reason or ""
        case EventKind.RETRIES_EXHAUSTED:
            return "" if event.attempts_made is None else f"attempts made: {event.attempts_made}"
        case EventKind.DEDUPLICATED:
            return f"{event.deduplication_id or ''} holds back job {event.deduplicated_job_id or ''}"
        case EventKind.CLEANED:
            return "" if event.cleaned is None else f"jobs removed: {event.cleaned}"
        case EventKind.UNKNOWN:
            return " ".join(f"{name}={value}" for name, value in event.fields)
        case EventKind.ACTIVE:
            return ""  # BullMQ says "waiting" here, wherever the job stood
        case _:
            return f"was {event.previous}" if event.previous is not None else ""
