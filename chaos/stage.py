"""What a scenario has before it: a broker, a producer that adds, a fleet that works, and the ledger."""

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from chaos.broker import Broker, Sync
from chaos.fleet import Fleet, Member
from chaos.keyspace import unfinished
from chaos.ledger import Ledger
from chaos.systems.commands import ON_THE_WIRE
from chaos.terms import Chore, Part, Terms, write_chores
from toril.worker import WorkerSettings

READY_WITHIN = 60.0
LOOK_EVERY = 0.1
GRACE = 30.0
DEFAULTS = WorkerSettings()


class Stage:
    """One run of one system.

    Attributes:
        url: where the fleet finds the broker; a scenario may put something in between.
        resources: what a scenario needs until the end.
    """

    def __init__(
        self,
        system: str,
        terms: Terms,
        broker: Broker,
        fleet: Fleet,
        folder: Path,
        resources: AsyncExitStack,
    ) -> None:
        self.system = system
        self.terms = terms
        self.broker = broker
        self.fleet = fleet
        self.ledger = Ledger(folder / "ledger")
        self.url = broker.url
        self.resources = resources
        self._folder = folder
        self._producers: list[Member] = []

    @classmethod
    @asynccontextmanager
    async def set(cls, system: str, terms: Terms, sync: Sync) -> AsyncGenerator[Self]:
        """Everything ends, and the folder goes, with the block."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="toril-chaos-"))
        try:
            (folder / "ledger").mkdir()
            async with (
                Broker(folder / "broker", sync).running() as broker,
                AsyncExitStack() as resources,
                Fleet.gathered(folder) as fleet,
            ):
                yield cls(system, terms, broker, fleet, folder, resources)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder)

    def part(self) -> Part:
        """What a worker or a producer is told, if nothing is special about it."""
        return Part(
            url=self.url,
            ledger=str(self.ledger.folder),
            chores=str(self._folder / f"chores-{len(self._producers)}.jsonl"),
            pace=self.terms.pace,
            concurrency=self.terms.concurrency,
            lock_duration=self.terms.lock_duration,
            stalled_interval=self.terms.stalled_interval,
            grace=GRACE,
        )

    def chores(self, numbers: range | None = None) -> list[Chore]:
        """Plain ones: of those numbers, or as many as the terms want."""
        return [Chore(number, self.terms.seconds) for number in numbers or range(self.terms.jobs)]

    async def hire(self, count: int | None = None, *, system: str | None = None, **differs: object) -> None:
        """Adds workers to the fleet: as many as the terms say, if not told otherwise."""
        part = replace(self.part(), **differs)
        for _ in range(self.terms.workers if count is None else count):
            await self.fleet.hire(system or self.system, part)

    async def add(self, chores: Sequence[Chore], **differs: object) -> None:
        """Starts a producer of these jobs."""
        part = replace(self.part(), **differs)
        write_chores(Path(part.chores), list(chores))
        self._producers.append(await self.fleet.producer(self.system, part))

    async def until(self, condition: Callable[[], bool], within: float) -> bool:
        """Waits until something can be read in the ledger; whether it could in time."""
        deadline = time.monotonic() + within
        while not condition():
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_EVERY)
            await asyncio.to_thread(self.ledger.read_on)
        return True

    async def share_ended(self, share: float) -> None:
        """Waits until this share of the jobs has ended.

        Raises:
            Stuck: it does not come to that.
        """
        wanted = share * self.terms.jobs
        if not await self.until(lambda: len(self.ledger.ended) >= wanted, READY_WITHIN):
            raise Stuck(self, f"{len(self.ledger.ended)} jobs have ended; {wanted:.0f} were waited for")

    def busiest(self) -> Member:
        """The worker that runs most jobs at this moment."""
        self.ledger.read_on()
        running = Counter(run.worker for run in self.ledger.runs if run.over is None)
        return max(self.fleet.workers, key=lambda worker: running[worker.group])

    async def all_over(self) -> bool:
        """Waits until producers have ended and jobs are done or given up; whether they were in time.

        Raises:
            Stuck: a producer does not add what it should.
        """
        for producer in self._producers:
            try:
                exit_code = await producer.ended()
            except TimeoutError:
                raise Stuck(self, f"a producer does not end: {producer.last_words()}") from None
            if exit_code:
                raise Stuck(self, f"a producer ended with {exit_code}: {producer.last_words()}")
        return await self.until(self._is_through, self.recovers_within + self.terms.patience)

    @property
    def lock_duration(self) -> float:
        """How long a lock of ours lasts."""
        return self.terms.lock_duration or DEFAULTS.lock_duration

    @property
    def recovers_within(self) -> float:
        """Within how many seconds the jobs of a worker that was killed run again, as Toril promises."""
        return self.lock_duration + 2 * (self.terms.stalled_interval or DEFAULTS.stalled_interval)

    def _is_through(self) -> bool:
        if self.system in ON_THE_WIRE:
            return unfinished(self.broker.url) == 0
        return len(self.ledger.ended) >= self.terms.jobs


class Stuck(Exception):
    """A run does not get to the point at which something was to be broken."""

    def __init__(self, stage: Stage, reason: str) -> None:
        said = "\n".join(worker.last_words() for worker in stage.fleet.workers)
        super().__init__(f"{stage.system}: {reason}\n{said}")
