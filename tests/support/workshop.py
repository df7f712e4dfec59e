"""A producer and workers on one broker, for tests that need both."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from support.jobs import handlers as workshop_handlers
from support.jobs import paint
from toril.backend import JobHandle, QueueService
from toril.jobs import Queue
from toril.types import JobState
from toril.worker import Handlers, Worker, WorkerFactory, WorkerSettings

QUICK = WorkerSettings(concurrency=10, lock_duration=1.0, stalled_interval=0.3, grace=5.0)


@asynccontextmanager
async def running_worker(
    url: str,
    prefix: str,
    *,
    queue: Queue = paint,
    handlers: Handlers = workshop_handlers,
    settings: WorkerSettings = QUICK,
) -> AsyncIterator[Worker]:
    """A worker of a queue that runs; it is drained at the end."""
    async with WorkerFactory(url, handlers, prefix=prefix).create(queue, settings=settings) as worker:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(worker.run())
            try:
                yield worker
            finally:
                worker.stop()
            await running


@asynccontextmanager
async def workshop(
    url: str,
    prefix: str,
    *,
    handlers: Handlers = workshop_handlers,
    settings: WorkerSettings = QUICK,
) -> AsyncIterator[QueueService]:
    """A producer, and a running worker of the paint queue."""
    async with (
        QueueService.connect(url, prefix=prefix) as queues,
        running_worker(url, prefix, handlers=handlers, settings=settings),
    ):
        yield queues


async def is_in(handle: JobHandle[object], state: JobState) -> bool:
    return await handle.state() is state
