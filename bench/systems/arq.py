"""arq: `python -m bench.systems.arq <broker URL>`.

It acknowledges late as it is. It is told to look for jobs more often than every half second: that is faster.
"""

import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from bench.systems.protocol import (
    DEDUPLICATED,
    DELAY,
    DELAYED,
    JOB_NAME,
    NO_BULK_CALL,
    NO_PARENT,
    NO_PRIORITY,
    PLAIN,
    TEXT,
    required,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System, at_once, cancelled_at_the_end

arq, connections, worker_module = required("arq"), required("arq.connections"), required("arq.worker")

LOOKS_EVERY = 0.01


class ArqClient:
    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        return await self._pool.enqueue_job(JOB_NAME, stamp, text)

    async def add_many(self, count: int, text: str, kind: str) -> None:
        async def add(stamp: int) -> None:
            options: dict[str, Any] = {
                PLAIN: {},
                DELAYED: {"_defer_by": DELAY},
                DEDUPLICATED: {"_job_id": str(stamp)},
            }[kind]
            await self._pool.enqueue_job(JOB_NAME, stamp, text, **options)

        await at_once(add, count)

    async def result(self, added: Any) -> object:
        return await added.result(timeout=10, poll_delay=LOOKS_EVERY)

    async def are_completed(self, count: int) -> bool:
        return await self._pool.zcard(self._pool.default_queue_name) == 0


class Arq(System):
    lacks: ClassVar[Mapping[str, str]] = NO_BULK_CALL | NO_PARENT | NO_PRIORITY

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[ArqClient]:
        pool = await arq.create_pool(self._settings)
        try:
            yield ArqClient(pool)
        finally:
            await pool.aclose()

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        async def note(_: Any, stamp: int, text: str) -> int:
            return handler(stamp)

        worker = worker_module.Worker(
            functions=[worker_module.func(note, name=JOB_NAME)],
            redis_settings=self._settings,
            max_jobs=concurrency,
            poll_delay=LOOKS_EVERY,
            handle_signals=False,
        )
        async with cancelled_at_the_end(worker.main) as start:
            yield start
        await worker.pool.aclose()

    @property
    def _settings(self) -> Any:
        return connections.RedisSettings.from_dsn(self._url)


if __name__ == "__main__":
    run(serve(Arq(sys.argv[1]), "arq", "redis"))
