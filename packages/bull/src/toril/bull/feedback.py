"""What a running job tells about itself: progress and log lines."""

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.codec import encode_progress, encode_text
from toril.bull.connection import Connection
from toril.bull.errors import JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load

LONGEST_LOG_LINE = 10_000


class JobFeedback:
    """Writes the progress and the log of one queue's jobs."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._queue = keys.queue
        self._keys = [keys.meta]
        self._update_progress = load("working/update_progress")
        self._add_log = load("working/add_log")

    async def progress(self, job_id: str, fraction: float | None, note: str | None = None) -> None:
        """Notes how far a job is, 0.0 to 1.0, and tells those who watch the queue.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        arguments = (job_id, encode_progress(fraction, note))
        if not await self._connection.run(self._update_progress, self._keys, arguments):
            raise JobNotFound(self._queue, job_id)

    async def log(self, job_id: str, line: str) -> None:
        """Adds a line to a job's log; the newest 1,000 are kept, each cut at 10,000 characters.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        arguments = (job_id, encode_text(line[:LONGEST_LOG_LINE]), MOST_LOG_LINES)
        if not await self._connection.run(self._add_log, self._keys, arguments):
            raise JobNotFound(self._queue, job_id)
