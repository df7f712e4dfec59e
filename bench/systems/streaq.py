"""streaq: `python -m bench.systems.streaq <broker URL>`. It acknowledges late as it is."""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, ClassVar

from bench.systems.protocol import (
    BULK,
    DELAY,
    DELAYED,
    JOB_NAME,
    NO_KEY,
    NO_PARENT,
    NO_PRIORITY,
    QUEUE,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System, cancelled_at_the_end

streaq = required("streaq")


class StreaqClient:
    def __init__(self, worker: Any, note: Any) -> None:
        self._worker = worker
        self._note = note

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return await self._note.enqueue(stamp, text)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        for start in range(0, count, BULK):
            stamps = range(start, min(start + BULK, count))
            tasks = [self._note.enqueue(stamp, text) for stamp in stamps]
            if kind == DELAYED:
                tasks = [task.start(delay=timedelta(seconds=DELAY)) for task in tasks]
            await self._worker.enqueue_many(tasks)

    async def result(self, added: Any) -> object:
        return await added.result(10)

    async def are_completed(self, count: int) -> bool:
        return await self._worker.queue_size() == 0


class Streaq(System):
    lacks: ClassVar[Mapping[str, str]] = NO_PARENT | NO_KEY | NO_PRIORITY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[StreaqClient]:
        worker, note = self._registered(lambda stamp: stamp)
        async with worker:
            yield StreaqClient(worker, note)

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        worker, _ = self._registered(handler, concurrency=concurrency)
        async with cancelled_at_the_end(worker.run_async) as start:
            yield start

    def _registered(self, handler: Handler, **options: Any) -> tuple[Any, Any]:
        """A worker, and the task that it has registered; a producer needs both too."""
        worker = streaq.Worker(redis_url=self._url, queue_name=QUEUE, **options)

        async def note(stamp: int, text: str) -> int:
            return handler(stamp)

        return worker, worker.task(name=JOB_NAME, silent=True)(note)


if __name__ == "__main__":
    run(serve(Streaq(sys.argv[1]), "streaq", "coredis"))
