"""A job that runs by itself, and a worker of it, in a process of its own, that stops on the way, to die."""

import asyncio
import sys
from contextlib import AbstractAsyncContextManager
from enum import StrEnum
from typing import Any

from support.killable import killable
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.jobs import Job, Queue, Retry, Schedule
from toril.worker import Handlers, JobContext, WorkerFactory, WorkerSettings

floors = Queue("floors")
HOURLY = Schedule.every(3600.0)


class Sweep(Job[str], queue=floors, name="sweep", retry=Retry(attempts=2), schedule=HOURLY):
    """Fails as often as it is told to."""

    room: str = "hall"
    failures: int = 0


class Stop(StrEnum):
    """Where a worker that is going to be killed stops."""

    BEFORE_CONTINUING = "before"
    AFTER_CONTINUING = "after"


def sweepers(runs: list[str]) -> Handlers:
    """Handlers that note the id of each run."""
    handlers = Handlers()

    @handlers.handles(Sweep)
    async def sweep(job: Sweep, context: JobContext) -> str:
        runs.append(context.job_id)
        if context.attempt <= job.failures:
            raise ValueError("no broom")
        return job.room

    return handlers


def stopping_worker(
    url: str, prefix: str, stop: Stop
) -> AbstractAsyncContextManager[asyncio.subprocess.Process]:
    """A worker in a process of its own that takes one run and stops there; it is killed at the end."""
    return killable("support.sweeping", url, prefix, stop.value)


def main() -> None:
    """The program of `stopping_worker`."""
    url, prefix, stop = sys.argv[1:]
    continue_after = ScheduleContinuation.continue_after

    async def stop_there(self: ScheduleContinuation, *arguments: Any, **named: Any) -> None:
        if stop == Stop.AFTER_CONTINUING:
            await continue_after(self, *arguments, **named)
        await asyncio.Event().wait()

    ScheduleContinuation.continue_after = stop_there  # type: ignore[method-assign]
    asyncio.run(_work(url, prefix))


async def _work(url: str, prefix: str) -> None:
    settings = WorkerSettings(lock_duration=1.0, stalled_interval=0.3)
    async with WorkerFactory(url, sweepers([]), prefix=prefix).create(floors, settings=settings) as worker:
        await worker.run()
