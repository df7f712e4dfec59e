"""The sockets of one worker, each for one purpose, so that no wait holds another up."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.thread_connection import ThreadConnection
from toril.bull.workers import worker_client_name

# Two exchanges under way keep Redis and Python busy at once; three were slower (bench/).
EXCHANGES_IN_FLIGHT = 2


@dataclass(frozen=True, slots=True)
class WorkerConnections:
    """The connections of a worker.

    Attributes:
        exchanges: for settling and taking, one for each exchange that may be under way.
        service: for progress, logs and the stalled check.
        waiting: for waiting on the marker; by its name Node and we count workers.
        renewing: for the thread that renews locks.
    """

    exchanges: tuple[Connection, ...]
    service: Connection
    waiting: Connection
    renewing: ThreadConnection

    @classmethod
    async def open(
        cls,
        url: str,
        keys: QueueKeys,
        *,
        worker_name: str | None,
        concurrency: int,
        strict: bool,
        stack: AsyncExitStack,
    ) -> Self:
        """Connects; the stack closes what was opened.

        Raises:
            BrokerUnavailable: Redis does not answer.
            BrokerMisconfigured: jobs would not be safe there, or the queue's keys not in one place.
        """

        async def connect(name: str) -> Connection:
            return await stack.enter_async_context(await Connection.open(url, client_name=name))

        service = await stack.enter_async_context(
            await Connection.open(url, client_name="toril-worker", strict=strict)
        )
        exchanges = [await connect("toril-worker") for _ in range(min(EXCHANGES_IN_FLIGHT, concurrency))]
        waiting = await connect(worker_client_name(keys, worker_name))
        # Of a cluster, this makes us known to the server that holds the queue.
        await waiting.execute("EXISTS", keys.marker)
        renewing = stack.enter_context(ThreadConnection(url, client_name="toril-locks"))
        return cls(tuple(exchanges), service, waiting, renewing)
