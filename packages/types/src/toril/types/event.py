"""What happened in a queue, read from its event stream."""

from dataclasses import dataclass
from datetime import UTC, datetime
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
    """One entry of a queue's event stream; what it lacks, or says so that it cannot be read, is None.

    Attributes:
        id: the entry's id in the stream; a reader resumes after it.
        kind: what happened; UNKNOWN for events of one's own, and where a newer BullMQ says something new.
        name: what happened, in the word that stands on the wire.
        job_id: the job it happened to, or None for events of the whole queue.
        fields: everything else that the entry holds, as text, just as it stands on the wire.
        previous: where the job stood before.
        job_name: for ADDED.
        due_at: for DELAYED, when the job may start.
        progress: for PROGRESS.
        result: for COMPLETED, the JSON text of the return value.
        failed_reason: for FAILED.
        attempts_made: for RETRIES_EXHAUSTED.
        deduplication_id: for DEDUPLICATED, the key that both jobs have.
        deduplicated_job_id: for DEDUPLICATED, the job that does not run; `job_id` is the one that does.
        cleaned: for CLEANED, how many jobs were removed.
    """

    queue: str
    id: str
    kind: EventKind
    name: str = ""
    job_id: str | None = None
    fields: tuple[tuple[str, str], ...] = ()
    previous: JobState | None = None
    job_name: str | None = None
    due_at: datetime | None = None
    progress: Progress | None = None
    result: str | None = None
    failed_reason: str | None = None
    attempts_made: int | None = None
    deduplication_id: str | None = None
    deduplicated_job_id: str | None = None
    cleaned: int | None = None

    @property
    def at(self) -> datetime | None:
        """When it happened, by Redis's clock; None if the entry's id is no time."""
        try:
            return datetime.fromtimestamp(int(self.id.partition("-")[0]) / 1000, UTC)
        except (ValueError, OverflowError, OSError):
            return None


@dataclass(frozen=True, slots=True)
class JobUpdate:
    """What one who follows a job sees: where it stands, and how far it is."""

    state: JobState
    progress: Progress | None = None
