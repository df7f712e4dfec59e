"""What every handler may know of its run, wherever it runs."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from toril.bull.intake import TakenJob
from toril.jobs import Job
from toril.worker.signals import MovedToDelayed, MovedToWaiting


class JobRun:
    """One run of one job."""

    __slots__ = ("_job", "queue")

    def __init__(self, job: TakenJob, queue: str) -> None:
        self.queue = queue
        self._job = job

    @property
    def job_id(self) -> str:
        """The job's id, unique in its queue and the same in each attempt: the key to idempotent work."""
        return self._job.id

    @property
    def name(self) -> str:
        return self._job.name

    @property
    def attempt(self) -> int:
        """Which attempt this is: 1 for the first."""
        return self._job.attempts_made + 1

    @property
    def attempts(self) -> int:
        """How many attempts the job has in all."""
        return self._job.options.attempts

    @property
    def enqueued_at(self) -> datetime:
        return datetime.fromtimestamp(self._job.enqueued_at, UTC)

    def move_to_delayed(self, seconds: float) -> NoReturn:
        """Ends this run here; the job runs again, from its beginning, after so many seconds.

        No attempt is burnt. What ends the run is no `Exception`, so `except Exception` lets it pass.

        Raises:
            ValueError: `seconds` is less than 0, or more than 100 years.
        """
        raise MovedToDelayed(seconds)

    def move_to_waiting(self) -> NoReturn:
        """Ends this run here; the job runs again as soon as a worker is free, before those that wait.

        No attempt is burnt. Where something has to happen first, use `move_to_delayed`: the same worker may
        take the job again within a millisecond.
        """
        raise MovedToWaiting

    def _encode(self, job: Job[Any]) -> bytes:
        """The payload that the job's next run is to begin with, as JSON.

        Raises:
            ValueError: a job of another contract.
            InvalidPayload: it does not fit its contract.
        """
        contract = type(job).contract()
        if contract.key != (self.queue, self.name):
            raise ValueError(f"a {contract.name!r} cannot be saved as the payload of a {self.name!r}")
        return contract.encode(job)
