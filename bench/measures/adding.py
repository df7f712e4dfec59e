"""How fast jobs are added."""

from dataclasses import dataclass, replace
from typing import Self

from bench.measures.cost import Spent
from bench.measures.figure import Figure, Pair, fewer, lack
from bench.server import Server
from bench.subject import Subject
from bench.systems.protocol import ADDS_CONCURRENTLY, BULK_CALL

SEQUENTIAL = Figure("add, one by one", "jobs/s")
CONCURRENT = Figure("add, 100 at a time", "jobs/s")
BULK = Figure("add in bulk", "jobs/s")


@dataclass(frozen=True, slots=True)
class Adding:
    """Jobs a second of one way to add."""

    figure: Figure
    operation: str
    count: int
    needs: tuple[str, ...] = ()

    def scaled(self, share: float) -> Self:
        return replace(self, count=fewer(self.count, share))

    def obstacle(self, subject: Subject) -> str | None:
        return lack(subject, *self.needs)

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        async with Spent.measured(pair, server, self.count) as spent:
            seconds = await pair.first.ask(self.operation, count=self.count)
        return {self.figure: self.count / seconds} | spent.figures(self.figure.title, "producer")


# For the fastest, each takes the better part of a second: long enough that beginning and ending count little.
ADDING = (
    Adding(SEQUENTIAL, "add_sequential", 6_000),
    Adding(CONCURRENT, "add_concurrent", 30_000, (ADDS_CONCURRENTLY,)),
    Adding(BULK, "add_bulk", 60_000, (BULK_CALL,)),
)
