"""The worker as a process of its own, watched while it runs and ended for certain."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMAND = (
    "toril",
    "worker",
    "examples.library.agents:handlers",
    "--queue",
    "documents",
    "--concurrency",
    "8",
    "--grace",
    "5",
)
DRAINS_WITHIN = 15.0  # seconds for the jobs that are in its hands
LOG_TAIL = 2_000  # characters


class WorkerEnded(Exception):
    """The worker ended while there was work for it.

    Attributes:
        exit_code: how it ended; a negative one is the number of the signal that killed it.
        log: the last lines that it wrote.
    """

    def __init__(self, exit_code: int, log: str) -> None:
        self.exit_code = exit_code
        self.log = log
        words = f"The end of its log:\n{log}" if log else "It had logged nothing"
        super().__init__(f"The worker ended with exit code {exit_code} while there was work for it. {words}")


@asynccontextmanager
async def worker_process(url: str, log: Path) -> AsyncGenerator[Process]:
    """A worker on the broker at `url`, for as long as the block lasts.

    It has a session of its own, so that Ctrl-C reaches the demo alone, which then ends everything in order.

    Args:
        log: the file that takes what it writes.

    Raises:
        WorkerEnded: in a group; the worker ended before the block, which is cancelled.
    """
    program, *arguments = COMMAND
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name(program),
            *arguments,
            cwd=ROOT,
            env={**os.environ, "TORIL_REDIS_URL": url},
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
        )
    try:
        async with asyncio.TaskGroup() as watching:
            watch = watching.create_task(_watch(process, log))
            yield process
            watch.cancel()
    finally:
        await _stop(process)


async def _watch(process: Process, log: Path) -> None:
    exit_code = await process.wait()
    raise WorkerEnded(exit_code, _end_of(log))


async def _stop(process: Process) -> None:
    """Let it finish the jobs in its hands; what is left of it after `DRAINS_WITHIN` is killed."""
    try:
        with suppress(ProcessLookupError):
            process.terminate()
        await asyncio.wait_for(process.wait(), DRAINS_WITHIN)
    except TimeoutError:
        pass
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()  # the loop must hear of its end before it closes


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-LOG_TAIL:].strip()
