"""Whether a large backlog makes anything slower or larger, for Toril and Node."""

import asyncio
from dataclasses import dataclass, replace
from typing import Self

from bench.measures.figure import Figure, Pair, fewer
from bench.measures.memory import MEGABYTE
from bench.registry import NODE, TORIL
from bench.server import Server
from bench.subject import Subject

SMALLEST = 2_000
SMALL, LARGE, VERY_LARGE = 10_000, 100_000, 1_000_000
SLOWEST = 1_000  # jobs/s that the driver waits for
LOOK_EVERY = 0.02
# With the backlog there: operation, share of the small backlog, concurrency.
ADDED = (("add_sequential", "add, one by one", 0.05), ("add_concurrent", "add, 100 at a time", 0.2))
PROCESSED = ((100, 0.4), (10, 0.2), (1, 0.05))  # what a worker takes too many, until it stops, is left for it


@dataclass(frozen=True, slots=True)
class Backlog:
    """A new producer adds a backlog. With it there, jobs are added and processed; a new worker does the rest.

    Attributes:
        name: `small` or `large`, as the figures are called.
        size: jobs that wait.
        sample: what the jobs that are measured are a share of, the same for all backlogs.
    """

    name: str
    size: int
    sample: int = SMALL

    def scaled(self, share: float) -> Self:
        return replace(
            self,
            size=max(round(self.size * share), SMALLEST),
            sample=max(round(self.sample * share), SMALLEST),
        )

    def obstacle(self, subject: Subject) -> str | None:
        return None if subject.system in (TORIL, NODE) else ""

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        system = pair.first.system
        async with (
            Subject.start(system, server.url) as producer,
            Subject.start(system, server.url) as worker,
        ):
            grown = await self._fill(producer)
            figures, total = await self._sample(pair)
            worker.allow(total / SLOWEST)
            await worker.ask("process", count=total, concurrency=100, alone=False)
            after = worker.memory
        return figures | {
            producer_growth(self.name): grown / MEGABYTE,
            Figure(f"memory of a worker after the {self.name} backlog", "MB", False): after / MEGABYTE,
        }

    async def _fill(self, producer: Subject) -> int:
        """Adds all jobs, and answers with the most bytes that the producer took more than before."""
        producer.allow(self.size / SLOWEST)
        await producer.ask("add_bulk", count=0)  # what it loads to do so is no part of it
        before = most = producer.memory
        async with asyncio.TaskGroup() as group:
            adding = group.create_task(producer.ask("add_bulk", count=self.size))
            while not adding.done():
                await asyncio.wait([adding], timeout=LOOK_EVERY)
                most = max(most, producer.memory)
        return most - before

    async def _sample(self, pair: Pair) -> tuple[dict[Figure, float], int]:
        """The figures with the backlog there, and how many jobs were added in all."""
        figures: dict[Figure, float] = {}
        total, completed = self.size, 0
        for operation, title, share in ADDED:
            count = fewer(self.sample, share)
            seconds = await pair.first.ask(operation, count=count)
            figures[Figure(f"{title}, {self.name} backlog", "jobs/s")] = count / seconds
            total += count
        for concurrency, share in PROCESSED:
            count = fewer(self.sample, share)
            seconds = await pair.first.ask("process", count=count, concurrency=concurrency, before=completed)
            figures[processing_speed(concurrency, self.name)] = count / seconds
            completed += count
        return figures, total


def processing_speed(concurrency: int, backlog: str) -> Figure:
    """Jobs a second that a worker processes while such a backlog waits."""
    return Figure(f"process, {concurrency} at a time, {backlog} backlog", "jobs/s")


def producer_growth(backlog: str) -> Figure:
    """What a producer's process grows by while it adds such a backlog."""
    return Figure(f"memory that a producer adds for the {backlog} backlog", "MB", more_is_better=False)


BACKLOGS = (Backlog("small", SMALL), Backlog("large", LARGE))
LONG_BACKLOGS = (Backlog("small", SMALL), Backlog("large", VERY_LARGE))
