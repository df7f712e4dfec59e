"""Hearing which running jobs of a queue are to be cancelled."""

from collections.abc import Callable
from typing import NoReturn

from toril.bull.channel import Channel
from toril.bull.codec import text
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys


class Cancellations:
    """What `cancel_job.lua` tells the worker that runs a job.

    It is told once, to those who listen at that moment: whoever does not hear it finds the job marked as its
    lock is renewed, as its outcome is settled, or as it is taken again.
    """

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._channel = Channel(connection, keys.meta, keys.cancelled, client_name="toril-cancellations")

    async def hear(self, cancel: Callable[[str, str], None]) -> NoReturn:
        """Hands on the id and the lock's token of each running job that is cancelled, whoever runs it.

        Raises:
            BrokerUnavailable: Redis cannot be reached, or is silent.
            CommandRefused: this user may not listen.
        """

        def tell(message: bytes) -> None:
            token, _, job_id = text(message).partition(" ")
            cancel(job_id, token)

        await self._channel.hear(tell)
