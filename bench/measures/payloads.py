"""How larger payloads are added and processed."""

from dataclasses import dataclass

from bench.measures.figure import Counted, Figure, Pair
from bench.server import Server
from bench.systems.protocol import MANY_AT_ONCE

CONCURRENCY = 10


@dataclass(frozen=True, slots=True)
class Payload(Counted):
    """Jobs a second with payloads of one size: added by the fastest way that there is, then processed."""

    name: str
    size: int

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        adding = await pair.second.ask("add_bulk", count=self.count, size=self.size)
        processing = await pair.first.ask("process", count=self.count, concurrency=CONCURRENCY)
        return {
            Figure(f"add in bulk, payload of {self.name}", "jobs/s"): self.count / adding,
            Figure(f"process, 10 at a time, payload of {self.name}", "jobs/s"): self.count / processing,
        }


PAYLOADS = (
    Payload(4_000, "10 kB", 10_000, needs=(MANY_AT_ONCE,)),
    Payload(100, "1 MB", 1_000_000, needs=(MANY_AT_ONCE,)),
)
