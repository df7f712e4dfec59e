"""Waiting for work: an idle worker sleeps on its queue's marker."""

from toril.bull.codec import from_milliseconds, number
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys


class Marker:
    """The queue's marker (bullmq-protocol §3.5), read over a connection of its own: reading blocks it."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._key = keys.marker

    async def wait(self, timeout: float) -> float | None:
        """Sleeps until there may be work, for at most `timeout` seconds.

        Whoever pops the marker must look: the answer is when the next job is due in epoch seconds (0 for
        now), or None after the timeout.

        Raises:
            BrokerUnavailable: Redis did not answer in time, a second after the timeout.
        """
        # Redis reads 0 as "for ever", and versions before 7.0.8 misread less than two milliseconds.
        timeout = max(timeout, 0.002)
        reply = await self._connection.execute("BZPOPMIN", self._key, f"{timeout:.3f}", timeout=timeout + 1.0)
        return None if reply is None else from_milliseconds(number(reply[2]))

    async def pass_on(self) -> None:
        """Gives a wake-up back that this worker can make no use of, to another one.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        await self._connection.execute("ZADD", self._key, 0, "0")
