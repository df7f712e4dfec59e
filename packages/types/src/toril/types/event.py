"""What happened in a queue, read from its event stream."""

from dataclasses import dataclass
from enum import StrEnum

from toril.types.job import JobState
from toril.types.progress import Progress


class EventKind(StrEnum):
    """BullMQ's events (bullmq-protocol §6.5)."""

    ADDED = "added"
    WAITING = "waiting"
    DELAYED = "delayed"
    WAITING_CHILDREN = "waiting-children"
    ACTIVE = "active"
    PROGRESS = "progress"
    COMPLETED = "completed"
    FAILED = "failed"
    RETRIES_EXHAUSTED = "retries-exhausted"
    STALLED = "stalled"
    REMOVED = "removed"
    DUPLICATED = "duplicated"
    DEDUPLICATED = "deduplicated"
    DRAINED = "drained"
    PAUSED = "paused"
    RESUMED = "resumed"
    CLEANED = "cleaned"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """One entry of a queue's event stream.

    Attributes:
        id: the entry's id in the stream; a reader resumes after it.
        kind: what happened; UNKNOWN where a newer BullMQ says something that we do not know.
        job_id: the job it happened to, or None for events of the whole queue.
        fields: everything else that the entry holds, as text, just as it stands on the wire.
        progress: for PROGRESS.
        result: for COMPLETED, the JSON text of the return value.
        failed_reason: for FAILED.
    """

    queue: str
    id: str
    kind: EventKind
    job_id: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    progress: Progress | None = None
    result: str | None = None
    failed_reason: str | None = None


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """What one who follows a job sees: where it stands, and how far it is."""

    state: JobState
    progress: Progress | None = None
