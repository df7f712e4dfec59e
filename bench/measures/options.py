"""What it costs if a job has a parent, a deduplication key, a delay or a priority."""

import asyncio
from dataclasses import dataclass

from bench.measures.figure import Counted, Figure, Pair, lack
from bench.server import Server
from bench.subject import Subject
from bench.systems.protocol import CHILD, DEDUPLICATED, DELAY, DELAYED, MANY_AT_ONCE, PRIORITY

CONCURRENCY = 100


@dataclass(frozen=True, slots=True)
class Option(Counted):
    """Jobs a second of one kind, added in bulk, then processed."""

    name: str
    kind: str

    def obstacle(self, subject: Subject) -> str | None:
        return lack(subject, self.kind, MANY_AT_ONCE)

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        adding = await pair.second.ask("add_bulk", count=self.count, kind=self.kind)
        if self.kind == DELAYED:
            await asyncio.sleep(DELAY)  # then all are due
        processing = await pair.first.ask("process", count=self.count, concurrency=CONCURRENCY)
        return {
            Figure(f"add in bulk, with {self.name}", "jobs/s"): self.count / adding,
            Figure(f"process, 100 at a time, with {self.name}", "jobs/s"): self.count / processing,
        }


OPTIONS = (
    Option(5_000, "a parent", CHILD),
    Option(5_000, "a deduplication key", DEDUPLICATED),
    Option(5_000, "a delay", DELAYED),
    Option(5_000, "a priority", PRIORITY),
)
