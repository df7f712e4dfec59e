"""How fast a backlog is processed, by one worker process and by two."""

import asyncio
from dataclasses import dataclass

from bench.measures.cost import Spent
from bench.measures.figure import Counted, Figure, Pair, lack
from bench.registry import BOUNDS
from bench.server import Server
from bench.subject import Subject
from bench.systems.protocol import MANY_AT_ONCE

ONE, TEN, HUNDRED, MANY = (Figure(f"process, {count} at a time", "jobs/s") for count in (1, 10, 100, 500))
TWO_PROCESSES = Figure("process, 100 at a time, in 2 processes", "jobs/s")


@dataclass(frozen=True, slots=True)
class Processing(Counted):
    """Jobs a second at one concurrency."""

    figure: Figure
    concurrency: int
    processes: int = 1

    def obstacle(self, subject: Subject) -> str | None:
        if subject.system in BOUNDS:
            return None if self.figure == HUNDRED else ""
        return lack(subject, MANY_AT_ONCE) if self.concurrency > 1 else None

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        await pair.second.ask("add_bulk", count=self.count)
        if self.processes > 1:
            return {self.figure: self.count / await self._together(pair)}
        async with Spent.measured(pair, server, self.count) as spent:
            seconds = await pair.first.ask("process", count=self.count, concurrency=self.concurrency)
        return {self.figure: self.count / seconds} | spent.figures(self.figure.title, "worker")

    async def _together(self, pair: Pair) -> float:
        """Seconds until both see that all are completed."""
        async with asyncio.TaskGroup() as group:
            runs = [
                group.create_task(
                    subject.ask("process", count=self.count, concurrency=self.concurrency, alone=False)
                )
                for subject in pair
            ]
        return max(run.result() for run in runs)


# For the fastest, each takes the better part of a second: a worker's start and end, 20 ms, count little then.
PROCESSING = (
    Processing(6_000, ONE, 1),
    Processing(20_000, TEN, 10),
    Processing(30_000, HUNDRED, 100),
    Processing(30_000, MANY, 500),
    Processing(30_000, TWO_PROCESSES, 100, processes=2),
)
