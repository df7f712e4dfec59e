"""A job as it stands in Redis: its state and its record."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from toril.types.custom_backoff import CustomBackoff
from toril.types.policy import Backoff, Keep
from toril.types.progress import Progress


class JobState(StrEnum):
    """Where a job stands. The names are BullMQ's."""

    WAITING = "waiting"
    ACTIVE = "active"
    PRIORITIZED = "prioritized"
    DELAYED = "delayed"
    WAITING_CHILDREN = "waiting-children"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (JobState.COMPLETED, JobState.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One job as it stood in Redis when it was read, whoever added it.

    `data` and `result` are the JSON texts that are stored: they are read through the job's contract,
    if it has one. `contract_version` is None where it is 1, or where there is no contract. Times are aware
    datetimes in UTC; durations are seconds.
    """

    queue: str
    id: str
    name: str
    data: str
    state: JobState | None = None
    enqueued_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    delay: float = 0.0
    priority: int = 0
    attempts: int = 1
    attempts_made: int = 0
    attempts_started: int = 0
    stalled_count: int = 0
    backoff: Backoff | CustomBackoff | None = None
    expires_in: float | None = None
    keep_completed: Keep | None = None
    keep_failed: Keep | None = None
    progress: Progress | None = None
    result: str | None = None
    failed_reason: str | None = None
    stacktrace: tuple[str, ...] = ()
    processed_by: str | None = None
    parent_key: str | None = None
    deduplication_key: str | None = None
    contract_version: int | None = None
