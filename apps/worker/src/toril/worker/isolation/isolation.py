"""Where the handlers of one worker run."""

import os

from toril.worker.handler import RegisteredHandler, RunnableHandler
from toril.worker.handlers import QueueHandlers
from toril.worker.isolation.calls import Calls
from toril.worker.isolation.pool import ProcessPool
from toril.worker.isolation.process import ProcessHandler
from toril.worker.isolation.thread import ThreadHandler
from toril.worker.settings import WorkerSettings


class Isolation:
    """Gives each handler of a queue its place, and owns the child processes."""

    def __init__(self, queue: str, settings: WorkerSettings, calls: Calls) -> None:
        self._queue = queue
        self._calls = calls
        self._kill_after = settings.child_kill_after
        self._pool = ProcessPool(
            size=child_processes(settings),
            memory_limit=settings.child_memory_limit,
            job_limit=settings.child_job_limit,
        )
        self.has_children = False

    def place(self, handler: RegisteredHandler) -> RunnableHandler:
        """The handler, to be called from the event loop."""
        match handler.runs_in:
            case "loop":
                return handler
            case "thread":
                return ThreadHandler(handler, self._queue, self._calls)
            case "process":
                self.has_children = True
                return ProcessHandler(handler, self._pool, self._calls, kill_after=self._kill_after)

    async def look_after_children(self) -> None:
        """Goes on until it is cancelled."""
        await self._pool.look_after()

    async def close(self) -> None:
        """Ends all child processes."""
        await self._pool.close()


def child_processes(settings: WorkerSettings) -> int:
    """How many there may be."""
    return settings.child_processes or os.cpu_count() or 1


def places(handlers: QueueHandlers[RegisteredHandler], settings: WorkerSettings) -> int:
    """How many jobs the worker can run at once: if all run in child processes, no more than there may be.

    A job that waits for a child would be kept from a worker that has one free.
    """
    if all(handler.runs_in == "process" for handler in handlers.all):
        return min(settings.concurrency, child_processes(settings))
    return settings.concurrency
