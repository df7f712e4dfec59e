"""What is measured, and in which order: every measure of every round visits all systems in turn."""

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from statistics import median, quantiles
from typing import Any, NamedTuple, Protocol, Self

from bench.server import Server
from bench.subject import BARE, TORIL, Subject

FEWEST = 10
# How many jobs a process handles untimed before all else: by then Node's compiler has done most of its part.
WARM_UP_JOBS = 10_000
PRODUCER_WARM_UP_JOBS = 2_000
PICKUPS_DROPPED = 20  # the first ones


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity of which every system has one value a round."""

    title: str
    unit: str
    more_is_better: bool = True


BULK = Figure("add in bulk", "jobs/s")
BOUNDED = Figure("process, 100 at a time", "jobs/s")
DISSECTED = (BULK, BOUNDED)  # with what they cost the processor, which a busy machine blurs less than speed
WAITING_BYTES = Figure("waiting job, memory", "bytes", more_is_better=False)
PICKUP_P50 = Figure("pickup when idle, p50", "ms", more_is_better=False)
PICKUP_P99 = Figure("pickup when idle, p99", "ms", more_is_better=False)


class Sample(NamedTuple):
    """One value of one figure."""

    figure: Figure
    system: str
    round: int
    value: float


class Measure(Protocol):
    """Something that a system is asked to do, and what follows from how long it took."""

    def scaled(self, share: float) -> Self: ...

    def suits(self, system: str) -> bool: ...

    async def take(self, subject: Subject, server: Server) -> dict[Figure, float]:
        """One run, on a server that is empty."""
        ...


@dataclass(frozen=True, slots=True)
class Rate:
    """Jobs a second of one operation."""

    figure: Figure
    operation: str
    count: int
    concurrency: int | None = None

    def scaled(self, share: float) -> Self:
        return replace(self, count=max(round(self.count * share), FEWEST))

    def suits(self, system: str) -> bool:
        return system != BARE or self.figure == BOUNDED

    async def take(self, subject: Subject, server: Server) -> dict[Figure, float]:
        parameters: dict[str, Any] = {"count": self.count}
        if self.concurrency is not None:
            parameters["concurrency"] = self.concurrency
            await subject.ask("add_bulk", count=self.count)
        memory = server.used_memory
        client_time, server_time = await subject.ask("processor_time"), server.processor_time
        seconds = await subject.ask(self.operation, **parameters)
        figures = {self.figure: self.count / seconds}
        if self.figure in DISSECTED:
            client_time = await subject.ask("processor_time") - client_time
            server_time = server.processor_time - server_time
            figures[self._cost("client")] = 1e6 * client_time / self.count
            figures[self._cost("server")] = 1e6 * server_time / self.count
        if self.figure == BULK:
            figures[WAITING_BYTES] = (server.used_memory - memory) / self.count
        return figures

    def _cost(self, side: str) -> Figure:
        return Figure(f"{self.figure.title}: {side} CPU", "µs/job", more_is_better=False)


@dataclass(frozen=True, slots=True)
class Pickup:
    """How soon an idle worker begins a job that another process adds: from just before it is added."""

    count: int
    warm_up: int = PRODUCER_WARM_UP_JOBS

    def scaled(self, share: float) -> Self:
        return replace(self, count=max(round(self.count * share), FEWEST))

    def suits(self, system: str) -> bool:
        return system != BARE

    async def take(self, subject: Subject, server: Server) -> dict[Figure, float]:
        count = self.count + PICKUPS_DROPPED
        async with Subject.start(subject.system, server.url) as producer:
            await producer.ask("add_sequential", count=self.warm_up)
            server.empty()
            async with asyncio.TaskGroup() as group:
                delays = group.create_task(subject.ask("pickup", count=count))
                group.create_task(producer.ask("trickle", count=count))
        milliseconds = [delay * 1000 for delay in delays.result()[PICKUPS_DROPPED:]]
        return {
            PICKUP_P50: median(milliseconds),
            PICKUP_P99: quantiles(milliseconds, n=100, method="inclusive")[98],
        }


MEASURES: tuple[Measure, ...] = (
    Rate(BULK, "add_bulk", 20_000),
    Rate(Figure("add, 100 at a time", "jobs/s"), "add_concurrent", 10_000),
    Rate(Figure("add, 1 at a time", "jobs/s"), "add_sequential", 2_000),
    Rate(Figure("process, 1 at a time", "jobs/s"), "process", 3_000, concurrency=1),
    Rate(Figure("process, 10 at a time", "jobs/s"), "process", 10_000, concurrency=10),
    Rate(BOUNDED, "process", 10_000, concurrency=100),
    Pickup(200),
)


class Comparison(NamedTuple):
    """Everything that a comparison found out."""

    samples: list[Sample]
    versions: dict[str, dict[str, str]]
    server_version: str
    server_peak_memory: int
    load_before: float


async def compare(
    systems: Sequence[str],
    *,
    rounds: int,
    scale: float,
    warm_up: int = WARM_UP_JOBS,
    tell: Callable[[str], None],
) -> Comparison:
    """Measures the systems, in turn, on one server.

    Each has one process for all rounds, warmed up before the first. The server is emptied before each run.

    Args:
        systems: their names, the order of the first round.
        scale: what share of the full number of jobs to use.
        warm_up: how many jobs each process handles untimed at first.
        tell: takes a line on each run.

    Raises:
        SystemFailed: one of them did not do what it was asked.
    """
    measured = [*systems, BARE] if TORIL in systems else list(systems)
    samples: list[Sample] = []
    load_before, *_ = os.getloadavg()
    with Server.start() as server:
        async with AsyncExitStack() as stack:
            subjects = [
                await stack.enter_async_context(Subject.start(system, server.url)) for system in measured
            ]
            versions = {subject.system: subject.versions for subject in subjects}
            for subject in subjects:
                tell(f"warming up {subject.system}")
                await _warm_up(subject, server, warm_up)
            for number in range(rounds):
                for measure, subject in _runs(subjects, number):
                    server.empty()
                    figures = await measure.scaled(scale).take(subject, server)
                    for figure, value in figures.items():
                        samples.append(Sample(figure, subject.system, number, value))
                        run = f"{number + 1}/{rounds} {subject.system}"
                        tell(f"{run}: {figure.title} {value:,.4g} {figure.unit}")
        return Comparison(samples, versions, server.version, server.peak_memory, load_before)


async def _warm_up(subject: Subject, server: Server, jobs: int) -> None:
    server.empty()
    await subject.ask("add_bulk", count=jobs)
    await subject.ask("process", count=jobs, concurrency=100)
    if subject.system != BARE:
        await subject.ask("add_concurrent", count=jobs // 2)


def _runs(subjects: list[Subject], turn: int) -> Iterator[tuple[Measure, Subject]]:
    """Measure by measure, all systems; another one begins each round."""
    begin = turn % len(subjects)
    for measure in MEASURES:
        for subject in (*subjects[begin:], *subjects[:begin]):
            if measure.suits(subject.system):
                yield measure, subject
