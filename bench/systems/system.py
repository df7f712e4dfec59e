"""What all Python systems do alike: each gives a client and a worker, from which the operations follow."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count as counted_from
from typing import Any, ClassVar, Protocol

from bench.systems.protocol import (
    ADDS_AT_ONCE,
    IDLE_CONCURRENCY,
    LOOK_ASIDE_EVERY,
    LOOK_EVERY,
    PAUSE_BETWEEN_PICKUPS,
    PLAIN,
    SMALL,
    TEXT,
    TICK,
)

SETTLES_WITHIN = 0.1  # seconds that the last job of a worker has to end before it is stopped
Handler = Callable[[int], int]
Start = Callable[[], object]


class Client(Protocol):
    """A connected producer, which also sees what has become of the jobs."""

    async def add(self, stamp: int, text: str = TEXT) -> Any:
        """Adds a job and answers with what `result` needs."""
        ...

    async def add_many(self, count: int, text: str, kind: str) -> None:
        """Adds jobs of one kind in the fastest way that there is, their stamps counted from 0."""
        ...

    async def result(self, added: Any) -> object:
        """Waits for the result of a job."""
        ...

    async def are_completed(self, count: int) -> bool:
        """Whether the server holds so many completed jobs, or no other ones."""
        ...


class System(ABC):
    """One system on one broker.

    Attributes:
        lacks: what it cannot do, and why.
    """

    lacks: ClassVar[Mapping[str, str]] = {}

    def __init__(self, url: str) -> None:
        self._url = url

    @abstractmethod
    def client(self) -> AbstractAsyncContextManager[Client]:
        """A client, connected."""

    @abstractmethod
    def worker(self, handler: Handler, concurrency: int) -> AbstractAsyncContextManager[Start]:
        """A worker, connected as far as it can be, and what starts it; it has ended when the block has."""

    async def add_bulk(self, count: int, size: int = SMALL, kind: str = PLAIN) -> float:
        text = "x" * (len(TEXT) + size - SMALL)
        async with self.client() as client:
            begin = time.perf_counter()
            await client.add_many(count, text, kind)
            return time.perf_counter() - begin

    async def add_concurrent(self, count: int) -> float:
        async with self.client() as client:
            return await at_once(client.add, count)

    async def add_sequential(self, count: int) -> float:
        async with self.client() as client:
            begin = time.perf_counter()
            for stamp in range(count):
                await client.add(stamp)
            return time.perf_counter() - begin

    async def process(self, count: int, concurrency: int, alone: bool = True, before: int = 0) -> float:
        tally = Tally(count)

        def note(stamp: int) -> int:
            tally.note()
            return stamp

        async with self.client() as client, self.worker(note, concurrency) as start:
            begin = time.perf_counter()
            start()
            if alone:
                await tally.all_begun()
            await until_completed(client, before + count, LOOK_EVERY if alone else LOOK_ASIDE_EVERY)
            return time.perf_counter() - begin

    async def pickup(self, count: int) -> list[float]:
        tally = Tally(count)
        delays: list[float] = []

        def note(stamp: int) -> int:
            delays.append((microseconds() - stamp) / 1e6)
            tally.note()
            return stamp

        async with self.worker(note, IDLE_CONCURRENCY) as start:
            start()
            await tally.all_begun()
            await asyncio.sleep(SETTLES_WITHIN)
        return delays

    async def trickle(self, count: int, rate: float | None = None) -> None:
        async with self.client() as client:
            await client.add(microseconds())
            await until_completed(client, 1, LOOK_EVERY)
            if rate is None:
                for _ in range(count - 1):
                    await asyncio.sleep(PAUSE_BETWEEN_PICKUPS)
                    await client.add(microseconds())
            else:
                await at_rate(client.add, count - 1, rate)

    async def round_trips(self, count: int) -> list[float]:
        seconds: list[float] = []
        async with self.client() as client:
            await client.add(microseconds())
            await until_completed(client, 1, LOOK_EVERY)
            for _ in range(count - 1):
                await asyncio.sleep(PAUSE_BETWEEN_PICKUPS)
                begin = time.perf_counter()
                await client.result(await client.add(microseconds()))
                seconds.append(time.perf_counter() - begin)
        return seconds


def microseconds() -> int:
    """The machine's monotonic clock, the same for every process, as a number that JavaScript can hold."""
    return time.monotonic_ns() // 1000


async def at_once(add: Callable[[int], Awaitable[object]], count: int) -> float:
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


async def at_rate(add: Callable[[int], Awaitable[object]], count: int, rate: float) -> None:
    """Adds so many a second, however long each takes; those that come due together go together."""
    added = 0
    begin = time.perf_counter()
    while added < count:
        due = min(int((time.perf_counter() - begin) * rate), count) - added
        stamp = microseconds()
        await asyncio.gather(*(add(stamp) for _ in range(due)))
        added += due
        await asyncio.sleep(TICK)


async def until_completed(client: Client, count: int, look_every: float) -> None:
    """Returns when the server holds so many completed jobs."""
    while not await client.are_completed(count):  # noqa: ASYNC110 - the server tells nobody
        await asyncio.sleep(look_every)


class Tally:
    """Counts what handlers have begun, on any thread, and lets the count be waited for."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._numbers = counted_from(1)
        self._all_begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def note(self) -> None:
        """One more has begun."""
        if next(self._numbers) == self._count:
            self._loop.call_soon_threadsafe(self._all_begun.set)

    async def all_begun(self) -> None:
        await self._all_begun.wait()


@asynccontextmanager
async def cancelled_at_the_end(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncGenerator[Start]:
    """A worker that runs until it is cancelled."""
    running: list[asyncio.Task[None]] = []
    async with asyncio.TaskGroup() as group:
        yield lambda: running.append(group.create_task(work()))
        for task in running:
            task.cancel()
