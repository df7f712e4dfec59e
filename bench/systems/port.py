"""BullMQ's own port to Python: `python -m bench.systems.port <broker URL>`."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    BULK,
    CHILD,
    DEDUPLICATED,
    DELAY,
    DELAYED,
    FAMILY,
    JOB_NAME,
    PLAIN,
    PRIORITY,
    QUEUE,
    RESULTS,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System

bullmq, redis = required("bullmq"), required("redis.asyncio")

WAKES_EVERY = 0.05


class PortClient:
    def __init__(self, queue: Any, flows: Any) -> None:
        self._queue = queue
        self._flows = flows

    async def add(self, stamp: int, text: str = TEXT) -> object:
        return await self._queue.add(JOB_NAME, _data(stamp, text))

    async def add_many(self, count: int, text: str, kind: str) -> None:
        step = FAMILY - 1 if kind == CHILD else BULK
        for start in range(0, count, step):
            stamps = range(start, min(start + step, count))
            jobs = [
                {"name": JOB_NAME, "data": _data(stamp, text), "opts": _options(stamp, kind)}
                for stamp in stamps
            ]
            if kind == CHILD:
                children = [job | {"queueName": QUEUE} for job in jobs]
                await self._flows.add({"name": "family", "queueName": "families", "children": children})
            else:
                await self._queue.addBulk(jobs)

    async def result(self, added: Any) -> object:
        raise NotImplementedError(Port.lacks[RESULTS])

    async def are_completed(self, count: int) -> bool:
        return await self._queue.getCompletedCount() >= count


class Port(System):
    """The port, as its documentation shows it."""

    lacks: ClassVar[Mapping[str, str]] = {RESULTS: "it has no call that waits for a job's result"}

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[PortClient]:
        queue = bullmq.Queue(QUEUE, {"connection": self._url})
        async with AsyncExitStack() as stack:
            stack.push_async_callback(queue.close)
            await queue.getCompletedCount()  # connects
            flows = bullmq.FlowProducer({"connection": self._url})
            stack.push_async_callback(flows.close)
            yield PortClient(queue, flows)

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        async def note(job: Any, _: str) -> int:
            return handler(job.data["stamp"])

        options = {"connection": self._url, "autorun": False, "concurrency": concurrency}
        worker = bullmq.Worker(QUEUE, note, options)
        await worker.client.ping()
        await worker.bclient.ping()
        async with asyncio.TaskGroup() as group:
            yield lambda: group.create_task(worker.run())
            await self._close(worker)

    async def _close(self, worker: Any) -> None:
        """Closes a worker, and wakes it: it may wait for jobs for ever, if it begins to just then."""
        async with redis.Redis.from_url(self._url) as client, asyncio.TaskGroup() as group:
            closing = group.create_task(worker.close())
            while not closing.done():
                await client.zadd(f"bull:{QUEUE}:marker", {"0": 0})
                await asyncio.wait([closing], timeout=WAKES_EVERY)


def _data(stamp: int, text: str) -> dict[str, Any]:
    return {"stamp": stamp, "text": text}


def _options(stamp: int, kind: str) -> dict[str, Any]:
    options: dict[str, dict[str, Any]] = {
        PLAIN: {},
        CHILD: {},
        PRIORITY: {"priority": 1},
        DELAYED: {"delay": round(DELAY * 1000)},
        DEDUPLICATED: {"deduplication": {"id": str(stamp)}},
    }
    return options[kind]


if __name__ == "__main__":
    run(serve(Port(sys.argv[1]), "bullmq", "redis"))
