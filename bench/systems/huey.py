"""huey: `python -m bench.systems.huey <broker URL>`.

It has no late acknowledgement: what a worker held when it died is lost. One thread a job.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    BLOCKING,
    DELAY,
    DELAYED,
    JOB_NAME,
    NO_BULK_CALL,
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

huey, redis = required("huey"), required("redis")

MOST_CONNECTIONS = 1_000  # each thread has one, and redis-py allows 100


class HueyClient:
    def __init__(self, queue: Any, note: Any) -> None:
        self._queue = queue
        self._note = note

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return self._note(stamp, text)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        for stamp in range(count):
            if kind == DELAYED:
                self._note.schedule((stamp, text), delay=DELAY)
            else:
                await self.add(stamp, text)

    async def result(self, added: Any) -> object:
        return added.get(blocking=True, timeout=10, backoff=1, max_delay=0.001)

    async def are_completed(self, count: int) -> bool:
        return self._queue.result_count() >= count


class Huey(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | BLOCKING | NO_PARENT | NO_KEY | NO_PRIORITY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[HueyClient]:
        queue, note = self._queue(lambda stamp: stamp)
        yield HueyClient(queue, note)
        queue.storage.close()

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        queue, _ = self._queue(handler)
        consumer = queue.create_consumer(workers=concurrency, periodic=False)
        yield consumer.start
        await asyncio.to_thread(consumer.stop, graceful=True)

    def _queue(self, handler: Handler) -> tuple[Any, Any]:
        """A queue, and the task that it has registered."""
        pool = redis.ConnectionPool.from_url(self._url, max_connections=MOST_CONNECTIONS)
        queue = huey.RedisHuey(QUEUE, connection_pool=pool)

        def note(stamp: int, text: str) -> int:
            return handler(stamp)

        return queue, queue.task(name=JOB_NAME)(note)


if __name__ == "__main__":
    run(serve(Huey(sys.argv[1]), "huey", "redis"))
