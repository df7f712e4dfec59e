"""What the Python systems share: spreading adds over tasks, and knowing when all jobs are completed."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from bench.systems.protocol import ADDS_AT_ONCE, LOOK_EVERY, PAUSE_BETWEEN_PICKUPS

Add = Callable[[int], Awaitable[object]]


def microseconds() -> int:
    """The machine's monotonic clock, the same for every process, as a number that JavaScript can hold."""
    return time.monotonic_ns() // 1000


async def one_by_one(add: Add, count: int) -> float:
    """Seconds for `count` awaited adds."""
    begin = time.perf_counter()
    for stamp in range(count):
        await add(stamp)
    return time.perf_counter() - begin


async def at_once(add: Add, count: int) -> float:
    """Seconds for `count` adds, ADDS_AT_ONCE of them under way at any time."""
    stamps = iter(range(count))

    async def add_some() -> None:
        for stamp in stamps:
            await add(stamp)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(ADDS_AT_ONCE):
            group.create_task(add_some())
    return time.perf_counter() - begin


async def trickled(add: Add, count: int, completed: Callable[[], Awaitable[int]]) -> None:
    """Adds the first job, waits until a worker has done it, and adds the others at intervals."""
    await add(microseconds())
    await until_completed(1, completed)
    for _ in range(count - 1):
        await asyncio.sleep(PAUSE_BETWEEN_PICKUPS)
        await add(microseconds())


async def until_completed(count: int, completed: Callable[[], Awaitable[int]]) -> None:
    """Returns when the server holds so many completed jobs."""
    while await completed() < count:  # noqa: ASYNC110 - another process changes it
        await asyncio.sleep(LOOK_EVERY)


class Tally:
    """Counts what handlers have begun, and lets the count be waited for."""

    def __init__(self, count: int) -> None:
        self._left = count
        self._all_begun = asyncio.Event()

    def note(self) -> None:
        """One more has begun."""
        self._left -= 1
        if self._left == 0:
            self._all_begun.set()

    async def all_begun(self) -> None:
        await self._all_begun.wait()
