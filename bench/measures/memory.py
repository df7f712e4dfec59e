"""What jobs take in Redis, and what an idle worker takes."""

import asyncio
from dataclasses import dataclass, replace
from typing import Self

from bench.measures.figure import Counted, Figure, Pair, lack
from bench.server import JEMALLOC, Server
from bench.subject import Subject
from bench.systems.protocol import MANY_AT_ONCE

FEWEST_JOBS = 300  # beside which what the server itself takes is little
FILLING_STREAM = 6_000  # jobs whose addition alone fills an event stream: a job adds two, and it holds 10,000
SETTLES_WITHIN = 2.5  # seconds after which a new worker has read what it needs
MEGABYTE = 1_000_000
WAITING = Figure("memory of a waiting job in Redis", "bytes", more_is_better=False)
COMPLETED = Figure("memory of a completed job in Redis", "bytes", more_is_better=False)
IDLE_WORKER = Figure("memory of an idle worker", "MB", more_is_better=False)


@dataclass(frozen=True, slots=True)
class JobMemory(Counted):
    """Bytes of Redis for each job that waits, and for each that is completed and whose result is kept.

    As many jobs before them make the server hold what it keeps anyway: scripts, an event stream. One that
    waits is the difference between two additions: the first leaves the server with more room for what a call
    writes.

    Counted on a server with jemalloc, as Redis and Valkey are built: one for all systems. glibc counts a
    hole that is up to 16 bytes too large as a part of what fills it: a system whose calls leave holes seems
    to take more, although its jobs fill them and the process grows less.
    """

    def scaled(self, share: float) -> Self:
        return replace(self, count=max(round(self.count * share), FEWEST_JOBS))

    def obstacle(self, subject: Subject) -> str | None:
        obstacle = lack(subject)
        if obstacle is None and JEMALLOC is None:
            return "libjemalloc is not on this machine"
        return obstacle

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        assert JEMALLOC is not None  # noqa: S101 - else there is an obstacle
        own, system = server.beside(JEMALLOC), pair.first.system
        concurrency = 1 if MANY_AT_ONCE in pair.first.lacks else 10
        async with Subject.start(system, own.url) as worker, Subject.start(system, own.url) as producer:
            await producer.ask("add_bulk", count=self.count)
            await worker.ask("process", count=self.count, concurrency=concurrency)
            before = own.data_memory
            await producer.ask("add_bulk", count=self.count)
            first = own.data_memory
            await producer.ask("add_bulk", count=self.count)
            waiting = own.data_memory - first
            both = 2 * self.count
            await worker.ask("process", count=both, concurrency=concurrency, before=self.count)
            completed = own.data_memory - before
        return {WAITING: waiting / self.count, COMPLETED: completed / both}


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


MEMORY = (JobMemory(FILLING_STREAM), WorkerMemory())
