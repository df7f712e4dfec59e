"""Steering a queue: what people and producers do to jobs from outside."""

from toril.bull.codec import text
from toril.bull.connection import Connection
from toril.bull.errors import JobNotCancellable, JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load


class QueueAdmin:
    """Changes one queue. Every method raises BrokerUnavailable if Redis does not answer."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._cancel_job = load("steering/cancel_job")

    async def cancel(self, job_id: str) -> None:
        """Removes a job that waits to be started: plain, delayed or prioritised.

        Raises:
            JobNotFound: there is no such job.
            JobNotCancellable: it runs, has ended, waits for its children, or is the next run of a schedule.
        """
        reply: int | bytes | None = await self._connection.run(self._cancel_job, [self._keys.meta], (job_id,))
        if reply is None:
            raise JobNotFound(self._keys.queue, job_id)
        if isinstance(reply, bytes):
            raise JobNotCancellable(self._keys.queue, job_id, text(reply))
