"""A worker of ours that follows instructions, in the test's process or in one that can be killed."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple

from support.instructions import Start, instructed_handlers, work
from support.killable import killable
from toril.worker import Handlers, WorkerFactory, WorkerSettings

ENDS_WITHIN = 20.0


class OurWorker(NamedTuple):
    """A running worker, by what it began, in order."""

    starts: list[Start]


@asynccontextmanager
async def our_worker(
    url: str, prefix: str, settings: WorkerSettings | None = None, handlers: Handlers | None = None
) -> AsyncGenerator[OurWorker]:
    """Runs a worker on the queue `work`; at the end it finishes the jobs that it has.

    Without `handlers`, it follows instructions.
    """
    starts: list[Start] = []
    factory = WorkerFactory(url, handlers or instructed_handlers(starts), prefix=prefix)
    async with factory.create(work, settings=settings) as worker:
        running = asyncio.create_task(worker.run())
        try:
            yield OurWorker(starts)
        finally:
            worker.stop()
            await asyncio.wait_for(running, ENDS_WITHIN)


def our_worker_process(
    url: str, prefix: str, *, lock_duration: float, stalled_interval: float
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """The same in a process of its own, for which HANG_FIRST is meant; killed at the end, if not before."""
    return killable("support.our_worker", url, prefix, str(lock_duration), str(stalled_interval))


def main() -> None:
    """The program of `our_worker_process`."""
    url, prefix, lock_duration, stalled_interval = sys.argv[1:]
    settings = WorkerSettings(lock_duration=float(lock_duration), stalled_interval=float(stalled_interval))
    asyncio.run(_work(url, prefix, settings))


async def _work(url: str, prefix: str, settings: WorkerSettings) -> None:
    factory = WorkerFactory(url, instructed_handlers([], hangs=True), prefix=prefix)
    async with factory.create(work, settings=settings) as worker:
        await worker.run()
