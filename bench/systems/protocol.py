"""What every measured system can do, and how the driver asks it: JSON lines, one request at a time.

The driver writes `{"operation": "add_bulk", "parameters": {"count": 100}}`, the system answers
`{"result": 0.01}` or `{"error": "…"}`. Its first line, unasked, is `{"result": {"Python": "3.13.1", …}}`: the
versions that matter. It ends when its stdin closes, whatever it is doing. bench/node/bench.mjs does the same.

Beside the operations of `Measured` there is `processor_time`: the seconds that the process has used so far.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol, TextIO

QUEUE = "bench"
JOB_NAME = "note"
TEXT = "x" * 74  # with a stamp of five digits, the payload is 100 bytes of JSON
ADDS_AT_ONCE = 100
BULK = 500  # jobs in one addBulk call: where Node is fastest; to the port it is all the same
IDLE_CONCURRENCY = 10
PAUSE_BETWEEN_PICKUPS = 0.01  # seconds: long enough for a worker to finish a job and wait for the next one
LOOK_EVERY = 0.001


class Measured(Protocol):
    """One system on one broker, with its own defaults.

    Jobs carry a `stamp` and `text`; handlers return the stamp. The answers are seconds, from the system's
    first call to its last answer; making connections is no part of them.
    """

    async def add_bulk(self, count: int) -> float:
        """Adds many jobs by the call that is made for it."""
        ...

    async def add_concurrent(self, count: int) -> float:
        """Adds jobs one by one from ADDS_AT_ONCE tasks that share one producer."""
        ...

    async def add_sequential(self, count: int) -> float:
        """Adds jobs one by one, each when the one before has been answered."""
        ...

    async def process(self, count: int, concurrency: int) -> float:
        """Starts a worker that is connected already, on a backlog of so many: until all are completed."""
        ...

    async def pickup(self, count: int) -> list[float]:
        """Runs an idle worker: the seconds from each job's stamp to its handler's start."""
        ...

    async def trickle(self, count: int) -> None:
        """Adds jobs to another process's idle worker, stamped with the time, with a pause after each."""
        ...


class OnlyProcesses(Protocol):
    """A system that can do no more than this."""

    async def add_bulk(self, count: int) -> float: ...

    async def process(self, count: int, concurrency: int) -> float: ...


def run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a system's program: on uvloop, where there is one."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(work)
    else:
        uvloop.run(work)


async def serve(system: Measured | OnlyProcesses, *distributions: str) -> None:
    """Answers the driver's requests until it closes our stdin.

    Args:
        distributions: those whose versions the report names.
    """
    loop = asyncio.get_running_loop()
    requests = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    with _reserved_stdout() as replies:
        _reply(replies, {"result": _versions(distributions)})
        async with asyncio.TaskGroup() as group:
            answering: asyncio.Task[None] | None = None
            async for line in requests:
                answering = group.create_task(_answer(system, json.loads(line), replies))
            if answering is not None:
                answering.cancel()


async def _answer(system: Measured | OnlyProcesses, request: dict[str, Any], replies: TextIO) -> None:
    try:
        operation = request["operation"]
        if operation == "processor_time":
            result = time.process_time()
        else:
            result = await getattr(system, operation)(**request["parameters"])
    except Exception as error:  # noqa: BLE001 - the driver raises it
        _reply(replies, {"error": f"{type(error).__name__}: {error}"})
    else:
        _reply(replies, {"result": result})


def _reply(replies: TextIO, reply: dict[str, Any]) -> None:
    replies.write(f"{json.dumps(reply)}\n")
    replies.flush()


@contextmanager
def _reserved_stdout() -> Generator[TextIO]:
    """Keeps stdout for the replies; what libraries print goes to stderr."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as replies:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        yield replies


def _versions(distributions: tuple[str, ...]) -> dict[str, str]:
    found = {"Python": sys.version.split()[0]}
    for name in (*distributions, "uvloop"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found
