"""How fast jobs are added."""

from dataclasses import dataclass

from bench.measures.cost import Spent
from bench.measures.figure import Counted, Figure, Pair
from bench.registry import CALLS_ALONE
from bench.server import Server
from bench.subject import Subject
from bench.systems.protocol import ADDS_CONCURRENTLY, BULK_CALL

SEQUENTIAL = Figure("add, one by one", "jobs/s")
CONCURRENT = Figure("add, 100 at a time", "jobs/s")
BULK = Figure("add in bulk", "jobs/s")


@dataclass(frozen=True, slots=True)
class Adding(Counted):
    """Jobs a second of one way to add."""

    figure: Figure
    operation: str

    def obstacle(self, subject: Subject) -> str | None:
        if subject.system is CALLS_ALONE and self.figure == BULK:
            return None
        return Counted.obstacle(self, subject)  # super() knows not the class that slots have made

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        async with Spent.measured(pair, server, self.count) as spent:
            seconds = await pair.first.ask(self.operation, count=self.count)
        return {self.figure: self.count / seconds} | spent.figures(self.figure.title, "producer")


# For the fastest, each takes the better part of a second: long enough that beginning and ending count little.
ADDING = (
    Adding(6_000, SEQUENTIAL, "add_sequential"),
    Adding(30_000, CONCURRENT, "add_concurrent", needs=(ADDS_CONCURRENTLY,)),
    Adding(60_000, BULK, "add_bulk", needs=(BULK_CALL,)),
)
