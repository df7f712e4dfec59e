"""rq: `python -m bench.systems.rq <broker URL>`, with its simple worker: the one that forks is slower.

It acknowledges early; jobs that may be retried are put back when their worker is found dead.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    BLOCKING,
    BULK,
    MANY_AT_ONCE,
    NO_DELAY,
    NO_KEY,
    NO_PARENT,
    NO_PRIORITY,
    QUEUE,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System

redis, rq, exceptions = required("redis"), required("rq"), required("rq.exceptions")
registry, timeouts = required("rq.registry"), required("rq.timeouts")

FUNCTION = "__main__.note"  # producer and worker run this program
LIVES_FOR = 16  # seconds without a heartbeat; one comes 15 s earlier
handlers: list[Handler] = []


def note(stamp: int, text: str) -> int:
    return handlers[-1](stamp)


class ThreadWorker(rq.SimpleWorker):
    """A simple worker that runs beside the event loop, and ends at its next heartbeat once `is_stopping`."""

    is_stopping = False

    death_penalty_class = timeouts.TimerDeathPenalty  # the other one needs the main thread

    def _install_signal_handlers(self) -> None:
        """Signals are the main thread's."""

    def heartbeat(self, *arguments: Any, **options: Any) -> None:
        super().heartbeat(*arguments, **options)  # pyright: ignore[reportUnknownMemberType] - not typed here
        if self.is_stopping:
            raise exceptions.StopRequested


class RqClient:
    def __init__(self, queue: Any) -> None:
        self._queue = queue

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return self._queue.enqueue(FUNCTION, stamp, text, retry=rq.Retry(max=1))

    async def add_many(self, count: int, text: str, kind: str) -> None:
        for start in range(0, count, BULK):
            stamps = range(start, min(start + BULK, count))
            self._queue.enqueue_many(
                [self._queue.prepare_data(FUNCTION, (stamp, text), retry=rq.Retry(max=1)) for stamp in stamps]
            )

    async def result(self, added: Any) -> object:
        return added.latest_result(timeout=10).return_value

    async def are_completed(self, count: int) -> bool:
        return registry.FinishedJobRegistry(queue=self._queue).count >= count


class Rq(System):
    lacks: ClassVar[Mapping[str, str]] = (
        {MANY_AT_ONCE: "a worker process runs one job at a time"}
        | BLOCKING
        | NO_PARENT
        | NO_KEY
        | NO_PRIORITY
        | NO_DELAY
    )

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[RqClient]:
        with redis.Redis.from_url(self._url, socket_timeout=None) as connection:
            yield RqClient(rq.Queue(QUEUE, connection=connection))

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        handlers.append(handler)
        with redis.Redis.from_url(self._url, socket_timeout=None) as connection:
            queue = rq.Queue(QUEUE, connection=connection)
            worker = ThreadWorker([queue], connection=connection, worker_ttl=LIVES_FOR)
            async with asyncio.TaskGroup() as group:
                yield lambda: group.create_task(asyncio.to_thread(worker.work, logging_level="WARNING"))
                worker.is_stopping = True


if __name__ == "__main__":
    run(serve(Rq(sys.argv[1]), "rq", "redis"))
