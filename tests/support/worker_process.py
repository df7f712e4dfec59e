"""A worker of the paint queue in a process of its own, to be killed."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from support.jobs import handlers, paint
from toril.worker import WorkerFactory, WorkerSettings

TESTS = Path(__file__).parent.parent


@asynccontextmanager
async def worker_process(
    url: str, prefix: str, *, concurrency: int = 5
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Starts the process, and kills it at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from support.worker_process import main; main()",
        url,
        prefix,
        str(concurrency),
        env={"PYTHONPATH": str(TESTS)},
        stderr=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def main() -> None:
    """What the process runs."""
    url, prefix, concurrency = sys.argv[1:]
    settings = WorkerSettings(concurrency=int(concurrency), lock_duration=1.0, stalled_interval=0.3)
    asyncio.run(_work(url, prefix, settings))


async def _work(url: str, prefix: str, settings: WorkerSettings) -> None:
    async with WorkerFactory(url, handlers, prefix=prefix).create(paint, settings=settings) as worker:
        await worker.run()
