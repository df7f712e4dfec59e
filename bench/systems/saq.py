"""saq: `python -m bench.systems.saq <broker URL>`.

Jobs may be tried again: without, its sweep aborts what a dead worker held.
"""

import asyncio
import logging
import math
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    DEDUPLICATED,
    DELAY,
    DELAYED,
    JOB_NAME,
    LOOK_EVERY,
    NO_BULK_CALL,
    NO_PARENT,
    NO_PRIORITY,
    PLAIN,
    QUEUE,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System, at_once, cancelled_at_the_end

redis, saq, saq_redis = required("redis.asyncio"), required("saq"), required("saq.queue.redis")

ATTEMPTS = 3


class SaqClient:
    def __init__(self, queue: Any) -> None:
        self._queue = queue

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return await self._queue.enqueue(JOB_NAME, stamp=stamp, text=text, retries=ATTEMPTS)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        async def add(stamp: int) -> None:
            options: dict[str, Any] = {
                PLAIN: {},
                DELAYED: {"scheduled": math.ceil(time.time() + DELAY)},
                DEDUPLICATED: {"key": str(stamp)},
            }[kind]
            await self._queue.enqueue(JOB_NAME, stamp=stamp, text=text, retries=ATTEMPTS, **options)

        await at_once(add, count)

    async def result(self, added: Any) -> object:
        while not added.completed:  # refresh(until_complete=…) misses a job that ends as it begins to listen
            await asyncio.sleep(LOOK_EVERY)
            await added.refresh()
        return added.result

    async def are_completed(self, count: int) -> bool:
        return await self._queue.count("incomplete") == 0


class Saq(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | NO_PARENT | NO_PRIORITY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[SaqClient]:
        async with self._queue() as queue:
            yield SaqClient(queue)

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        async def note(_: Any, *, stamp: int, text: str) -> int:
            return handler(stamp)

        async with self._queue() as queue:
            worker = saq.Worker(queue, functions=[(JOB_NAME, note)], concurrency=concurrency)
            async with cancelled_at_the_end(worker.start) as start:
                yield start

    @asynccontextmanager
    async def _queue(self) -> AsyncGenerator[Any]:
        queue = saq_redis.RedisQueue(redis.Redis.from_url(self._url, socket_timeout=None), name=QUEUE)
        await queue.connect()
        try:
            yield queue
        finally:
            await queue.disconnect()


if __name__ == "__main__":
    logging.getLogger("saq").setLevel(logging.ERROR)  # it warns of every worker that is stopped
    run(serve(Saq(sys.argv[1]), "saq", "redis"))
