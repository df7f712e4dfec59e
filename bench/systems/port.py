"""BullMQ's own port to Python: `python -m bench.systems.port <broker URL>`."""

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from bench.systems.producing import Tally, at_once, microseconds, one_by_one, trickled, until_completed
from bench.systems.protocol import BULK, IDLE_CONCURRENCY, JOB_NAME, QUEUE, TEXT, run, serve

bullmq: Any = import_module("bullmq")  # it is not typed

Processor = Callable[[Any, str], Awaitable[int]]


class Port:
    """The port, as its documentation shows it."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def add_bulk(self, count: int) -> float:
        async with self._queue() as queue:
            begin = time.perf_counter()
            for start in range(0, count, BULK):
                stamps = range(start, min(start + BULK, count))
                await queue.addBulk([{"name": JOB_NAME, "data": _data(stamp)} for stamp in stamps])
            return time.perf_counter() - begin

    async def add_concurrent(self, count: int) -> float:
        async with self._queue() as queue:
            return await at_once(lambda stamp: queue.add(JOB_NAME, _data(stamp)), count)

    async def add_sequential(self, count: int) -> float:
        async with self._queue() as queue:
            return await one_by_one(lambda stamp: queue.add(JOB_NAME, _data(stamp)), count)

    async def process(self, count: int, concurrency: int) -> float:
        tally = Tally(count)

        async def note(job: Any, _: str) -> int:
            tally.note()
            return job.data["stamp"]

        async with (
            self._queue() as queue,
            self._worker(note, concurrency) as worker,
            asyncio.TaskGroup() as group,
        ):
            begin = time.perf_counter()
            group.create_task(worker.run())
            await tally.all_begun()
            await until_completed(count, queue.getCompletedCount)
            seconds = time.perf_counter() - begin
            await worker.close()
        return seconds

    async def pickup(self, count: int) -> list[float]:
        tally = Tally(count)
        delays: list[float] = []

        async def note(job: Any, _: str) -> int:
            delays.append((microseconds() - job.data["stamp"]) / 1e6)
            tally.note()
            return job.data["stamp"]

        async with self._worker(note, IDLE_CONCURRENCY) as worker, asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            await tally.all_begun()
            await worker.close()
        return delays

    async def trickle(self, count: int) -> None:
        async with self._queue() as queue:
            await trickled(lambda stamp: queue.add(JOB_NAME, _data(stamp)), count, queue.getCompletedCount)

    @asynccontextmanager
    async def _queue(self) -> AsyncGenerator[Any]:
        queue = bullmq.Queue(QUEUE, {"connection": self._url})
        await queue.getCompletedCount()  # connects
        try:
            yield queue
        finally:
            await queue.close()

    @asynccontextmanager
    async def _worker(self, processor: Processor, concurrency: int) -> AsyncGenerator[Any]:
        options = {"connection": self._url, "autorun": False, "concurrency": concurrency}
        worker = bullmq.Worker(QUEUE, processor, options)
        await worker.client.ping()
        await worker.bclient.ping()
        yield worker


def _data(stamp: int) -> dict[str, Any]:
    return {"stamp": stamp, "text": TEXT}


if __name__ == "__main__":
    run(serve(Port(sys.argv[1]), "bullmq", "redis"))
