"""What a running job tells about itself: progress, log lines, and what its next run needs."""

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.codec import encode_progress, encode_text
from toril.bull.connection import Connection
from toril.bull.errors import JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load

LONGEST_LOG_LINE = 10_000


class JobFeedback:
    """Writes the progress, the log and the payload of one queue's jobs."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._queue = keys.queue
        self._keys = [keys.meta]
        self._update_progress = load("working/update_progress")
        self._add_log = load("working/add_log")
        self._update_data = load("steering/update_data")

    async def progress(self, job_id: str, fraction: float | None, note: str | None = None) -> None:
        """Notes how far a job is, 0.0 to 1.0, and tells those who watch the queue.

        Raises:
            ValueError: `fraction` is out of range.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError(f"progress {fraction!r}: it must lie between 0.0 and 1.0")
        arguments = (job_id, encode_progress(fraction, note))
        if not await self._connection.run(self._update_progress, self._keys, arguments):
            raise JobNotFound(self._queue, job_id)

    async def save(self, job_id: str, data: bytes) -> None:
        """Replaces a job's payload, which its next run begins with.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        if not await self._connection.run(self._update_data, self._keys, (job_id, data)):
            raise JobNotFound(self._queue, job_id)

    async def log(self, job_id: str, line: str, *, limit: int | None = None) -> None:
        """Adds a line to a job's log, cut at 10,000 characters.

        Args:
            limit: how many lines to keep, the newest; None keeps 1,000.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        arguments = (job_id, encode_text(line[:LONGEST_LOG_LINE]), limit or MOST_LOG_LINES)
        if not await self._connection.run(self._add_log, self._keys, arguments):
            raise JobNotFound(self._queue, job_id)
