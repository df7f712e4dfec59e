"""What jobs take in Redis, and what an idle worker takes."""

import asyncio
from dataclasses import dataclass, replace
from typing import Self

from bench.measures.figure import Counted, Figure, Pair, lack
from bench.server import Server
from bench.subject import Subject
from bench.systems.protocol import MANY_AT_ONCE

FEWEST_JOBS = 300  # beside which what the server itself takes is little
SETTLES_WITHIN = 2.5  # seconds after which a new worker has read what it needs
MEGABYTE = 1_000_000
WAITING = Figure("memory of a waiting job in Redis", "bytes", more_is_better=False)
COMPLETED = Figure("memory of a completed job in Redis", "bytes", more_is_better=False)
IDLE_WORKER = Figure("memory of an idle worker", "MB", more_is_better=False)


@dataclass(frozen=True, slots=True)
class JobMemory(Counted):
    """Bytes of Redis for each job that waits, and for each that is completed and whose result is kept.

    As many jobs before them make the server hold what it keeps anyway: scripts, an event stream.
    """

    def scaled(self, share: float) -> Self:
        return replace(self, count=max(round(self.count * share), FEWEST_JOBS))

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        concurrency = 1 if MANY_AT_ONCE in pair.first.lacks else 10
        await pair.second.ask("add_bulk", count=self.count)
        await pair.first.ask("process", count=self.count, concurrency=concurrency)
        before = server.data_memory
        await pair.second.ask("add_bulk", count=self.count)
        waiting = server.data_memory
        await pair.first.ask("process", count=self.count, concurrency=concurrency, before=self.count)
        completed = server.data_memory
        return {
            WAITING: (waiting - before) / self.count,
            COMPLETED: (completed - before) / self.count,
        }


@dataclass(frozen=True, slots=True)
class WorkerMemory:
    """Megabytes of a new process whose worker waits for its first job."""

    def scaled(self, share: float) -> Self:
        return self

    def obstacle(self, subject: Subject) -> str | None:
        return lack(subject)

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        async with Subject.start(pair.first.system, server.url) as idle, asyncio.TaskGroup() as group:
            group.create_task(idle.ask("pickup", count=1))
            await asyncio.sleep(SETTLES_WITHIN)
            memory = idle.memory
            await pair.second.ask("add_bulk", count=1)
        return {IDLE_WORKER: memory / MEGABYTE}


MEMORY = (JobMemory(3_000), WorkerMemory())
