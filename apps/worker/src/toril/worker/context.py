"""What a handler is given beside its job."""

from datetime import UTC, datetime
from typing import NoReturn

from toril.bull.feedback import JobFeedback
from toril.bull.intake import TakenJob
from toril.worker.signals import MovedToDelayed, MovedToWaiting


class JobContext:
    """One run of one job, as its handler sees it."""

    __slots__ = ("_feedback", "_job", "queue")

    def __init__(self, job: TakenJob, queue: str, feedback: JobFeedback) -> None:
        self.queue = queue
        self._job = job
        self._feedback = feedback

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

    async def progress(self, fraction: float, note: str | None = None) -> None:
        """Tells those who watch how far the job is.

        Args:
            fraction: 0.0 to 1.0.
            note: a word to people.

        Raises:
            ValueError: `fraction` is out of range.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.progress(self._job.id, fraction, note)

    async def log(self, line: str) -> None:
        """Adds a line to the job's log, which handles, the command line and dashboards show.

        The log keeps as many lines as the job says, else the newest 1,000; each is cut at 10,000 characters.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.log(self._job.id, line, limit=self._job.options.log_limit)

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
