"""A worker of the paint queue in a process of its own, to be killed."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager

from support.jobs import handlers, paint
from support.killable import killable
from toril.worker import WorkerFactory, WorkerSettings


def worker_process(
    url: str, prefix: str, *, concurrency: int = 5
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """Starts the process, and kills it at the end if it still runs."""
    return killable("support.worker_process", url, prefix, str(concurrency))


def main() -> None:
    """What the process runs."""
    url, prefix, concurrency = sys.argv[1:]
    settings = WorkerSettings(concurrency=int(concurrency), lock_duration=1.0, stalled_interval=0.3)
    asyncio.run(_work(url, prefix, settings))


async def _work(url: str, prefix: str, settings: WorkerSettings) -> None:
    async with WorkerFactory(url, handlers, prefix=prefix).create(paint, settings=settings) as worker:
        await worker.run()
