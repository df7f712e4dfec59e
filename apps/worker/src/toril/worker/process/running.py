"""Running workers until they are told to stop."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack

import structlog

from toril.worker.process.lifeline import when_supervisor_ends
from toril.worker.process.shutdown import Shutdown
from toril.worker.worker import Worker

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.worker")


async def run_workers(workers: Sequence[Worker], *, grace: float, supervised: bool) -> None:
    """Run the workers until a signal stops them, or the end of their supervisor.

    Args:
        grace: how many seconds running jobs may go on after that.
        supervised: stdin is a pipe that ends with the supervisor.
    """
    connecting = asyncio.current_task()
    connected = False

    def stop() -> None:
        if not connected and connecting is not None:
            connecting.cancel()
        for each in workers:
            each.stop()

    shutdown = Shutdown(asyncio.get_running_loop(), stop, grace=grace)
    if supervised:
        when_supervisor_ends(lambda: shutdown.request("supervisor gone"))
    with shutdown.listening():
        async with AsyncExitStack() as stack:
            try:
                for each in workers:
                    await stack.enter_async_context(each)
            except asyncio.CancelledError:
                _log.info("stopped before it was connected")
                return
            connected = True
            async with asyncio.TaskGroup() as group:
                for each in workers:
                    group.create_task(each.run(), name=f"worker of {each.queue}")
