"""What a handler is given beside its job."""

from datetime import UTC, datetime

from toril.bull.feedback import JobFeedback
from toril.bull.intake import TakenJob


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
        if not 0 <= fraction <= 1:
            raise ValueError(f"progress {fraction!r}: it must lie between 0.0 and 1.0")
        await self._feedback.progress(self._job.id, fraction, note)

    async def log(self, line: str) -> None:
        """Adds a line to the job's log, which handles, the command line and dashboards show.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.log(self._job.id, line)
