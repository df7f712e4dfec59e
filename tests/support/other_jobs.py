"""A second queue."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from toril.jobs import Job, Queue
from toril.worker import Handlers, JobContext, WorkerFactory

frames = Queue("frames")


class Frame(Job[str], queue=frames, name="frame"):
    picture: str


handlers = Handlers()


@handlers.handles(Frame)
async def frame(job: Frame, context: JobContext) -> str:
    return f"framed {job.picture}"


@asynccontextmanager
async def frame_worker(url: str, prefix: str) -> AsyncIterator[None]:
    """A running worker of the second queue."""
    async with WorkerFactory(url, handlers, prefix=prefix).create(frames) as worker:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            try:
                yield
            finally:
                worker.stop()
