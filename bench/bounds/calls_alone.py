"""The Redis calls of the protocol alone, in batches as ours, two round trips in flight.

Nothing is looked at, decided or told: what no engine on this server could pass that leaves the same keys and
events behind. `python -m bench.bounds.calls_alone <broker URL>`
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from bench.systems.protocol import JOB_NAME, QUEUE, TEXT, run, serve
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import Argument

IN_FLIGHT = 2
VALUES_OF_JOB = 5
LOCKED_BY = "0123456789abcdef"
LIBRARY = Path(__file__).with_suffix(".lua")
DATA = b'{"stamp":12345,"text":"%s"}' % TEXT.encode()

Work = Callable[[Connection, int], Coroutine[Any, Any, None]]

keys = QueueKeys(QUEUE)


class CallsAlone:
    """Functions that only call."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def add_bulk(self, count: int) -> float:
        return await self._together(_add, [count // IN_FLIGHT, count - count // IN_FLIGHT])

    async def process(self, count: int, concurrency: int) -> float:
        return await self._together(_process, [concurrency // IN_FLIGHT] * IN_FLIGHT)

    async def _together(self, work: Work, numbers: Iterable[int]) -> float:
        async with await Connection.open(self._url) as first, await Connection.open(self._url) as second:
            await first.execute("FUNCTION", "LOAD", "REPLACE", LIBRARY.read_bytes())
            begin = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for connection, number in zip((first, second), numbers, strict=True):
                    group.create_task(work(connection, number))
            return time.perf_counter() - begin


async def _add(connection: Connection, count: int) -> None:
    for begin in range(0, count, MOST_JOBS_A_SCRIPT):
        await _call(connection, "bench_add", JOB_NAME, DATA, min(MOST_JOBS_A_SCRIPT, count - begin))


async def _process(connection: Connection, capacity: int) -> None:
    ids: list[bytes] = []
    while True:
        jobs = await _call(connection, "bench_settle_and_take", LOCKED_BY, capacity, *ids)
        ids = jobs[::VALUES_OF_JOB]
        if not ids:
            return


async def _call(connection: Connection, function: str, *arguments: Argument) -> Any:
    now = time.time_ns() // 1_000_000
    return await connection.execute("FCALL", function, 1, keys.meta, keys.base, now, *arguments)


if __name__ == "__main__":
    run(serve(CallsAlone(sys.argv[1]), "toril"))
