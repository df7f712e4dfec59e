"""A schedule as it stands in Redis."""

from dataclasses import dataclass
from datetime import datetime

from toril.types.schedule import Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRecord:
    """One schedule as it stood in Redis when it was read, whoever set it. BullMQ calls it a job scheduler.

    Attributes:
        name: the name of its jobs.
        data: their payload, as JSON.
        schedule: when they run; None where it cannot be read, as with a strategy of a Node service's own.
        next_run: when the next one runs, or ran if it has been taken and runs still; None once there is none.
        next_job_id: the id of that job.
        runs: how many have been made so far, the next one included.
    """

    queue: str
    id: str
    name: str
    data: str
    schedule: Schedule | None
    next_run: datetime | None
    next_job_id: str | None
    runs: int
