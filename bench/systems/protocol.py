"""What every measured system can do, and how the driver asks it: JSON lines, one request at a time.

The driver writes `{"operation": "add_bulk", "parameters": {"count": 100}}`, the system answers
`{"result": 0.01}` or `{"error": "…"}`. Its first line, unasked, is `{"result": {"versions": …, "lacks": …}}`:
the versions that matter, and what it cannot do, and why; or `{"missing": "…"}`, if it is not installed.
It ends when its stdin closes, whatever it is doing. bench/node does the same.

Beside the operations of `Measured` there is `processor_time`: the seconds that the process has used so far.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol, TextIO

QUEUE = "bench"
JOB_NAME = "note"
SMALL = 100  # bytes of JSON, with a stamp of five digits
TEXT = "x" * 74
ADDS_AT_ONCE = 100
BULK = 500  # jobs in one addBulk call: where Node is fastest; to the port it is all the same
FAMILY = 100  # jobs that one flow adds, its parent among them
DELAY = 1.0  # seconds that a delayed job waits
IDLE_CONCURRENCY = 10
PAUSE_BETWEEN_PICKUPS = 0.01  # seconds: long enough for a worker to finish a job and wait for the next one
TICK = 0.001  # seconds between adds at a rate
ENDS_WITHIN = 10.0  # seconds after stdin is closed
LOOK_EVERY = 0.001
LOOK_ASIDE_EVERY = 0.01  # while the looking takes time from what is measured

PLAIN, PRIORITY, DELAYED, DEDUPLICATED, CHILD = "plain", "priority", "delay", "deduplication", "parent"

# What a system may lack, beside the kinds of jobs above.
BULK_CALL, ADDS_CONCURRENTLY, MANY_AT_ONCE, RESULTS = "bulk", "concurrent adds", "many at once", "results"
NO_BULK_CALL = {BULK_CALL: "it has no call that adds many jobs"}
BLOCKING = {ADDS_CONCURRENTLY: "its producer blocks: one call at a time"}
NO_PARENT = {CHILD: "its jobs are no children that another job waits for"}
NO_KEY = {DEDUPLICATED: "its jobs have no deduplication key"}
NO_PRIORITY = {PRIORITY: "its jobs have no priority of their own: queues or functions have one"}
NO_DELAY = {DELAYED: "it needs a scheduler beside the worker for it"}


class Measured(Protocol):
    """One system on one broker, with its own settings for at-least-once delivery, where it has them.

    Jobs carry a `stamp` and `text`; handlers return the stamp. The answers are seconds, from the system's
    first call to its last answer; making connections is no part of them.
    """

    async def add_bulk(self, count: int, size: int = SMALL, kind: str = PLAIN) -> float:
        """Adds many jobs by the call that is made for it, or the fastest way that there is."""
        ...

    async def add_concurrent(self, count: int) -> float:
        """Adds jobs one by one from ADDS_AT_ONCE tasks that share one producer."""
        ...

    async def add_sequential(self, count: int) -> float:
        """Adds jobs one by one, each when the one before has been answered."""
        ...

    async def process(self, count: int, concurrency: int, alone: bool = True, before: int = 0) -> float:
        """Starts a worker that is connected already: until so many jobs are completed.

        Args:
            alone: whether no other process works on these jobs.
            before: how many jobs were completed before.
        """
        ...

    async def pickup(self, count: int) -> list[float]:
        """Runs a worker for so many jobs: the seconds from each job's stamp to its handler's start."""
        ...

    async def trickle(self, count: int, rate: float | None = None) -> None:
        """Adds jobs to another process's worker, stamped with the time: so many a second, or with pauses."""
        ...

    async def round_trips(self, count: int) -> list[float]:
        """Adds jobs one by one to another process's worker: the seconds until each one's result is here.

        The first one, which waits until the worker is there, is not timed.
        """
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


def required(name: str) -> Any:
    """A module that is not typed, or not there; in that case the program says so and ends."""
    try:
        return import_module(name)
    except ImportError as error:
        _reply(sys.stdout, {"missing": str(error)})
        sys.exit()


async def serve(system: Measured | OnlyProcesses, *distributions: str) -> None:
    """Answers the driver's requests until it closes our stdin.

    Args:
        distributions: those whose versions the report names.
    """
    loop = asyncio.get_running_loop()
    requests = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(requests), sys.stdin)
    with _reserved_stdout() as replies:
        lacks: dict[str, str] = getattr(system, "lacks", {})
        _reply(replies, {"result": {"versions": _versions(distributions), "lacks": lacks}})
        async with asyncio.TaskGroup() as group:
            answering: asyncio.Task[None] | None = None
            async for line in requests:
                answering = group.create_task(_answer(system, json.loads(line), replies))
            if answering is not None:
                answering.cancel()
                loop.call_later(ENDS_WITHIN, os._exit, 1)  # some swallow it


async def _answer(system: Measured | OnlyProcesses, request: dict[str, Any], replies: TextIO) -> None:
    try:
        operation = request["operation"]
        if operation == "processor_time":
            result = getattr(system, operation, time.process_time)()
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
