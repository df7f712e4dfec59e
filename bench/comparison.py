"""The order of a comparison: every measure of every round visits all systems in turn."""

import os
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from bench.measures.adding import ADDING
from bench.measures.backlog import BACKLOGS, LONG_BACKLOGS
from bench.measures.figure import Figure, Measure, Pair, Sample, fewer
from bench.measures.latency import LATENCY
from bench.measures.memory import MEMORY
from bench.measures.options import OPTIONS
from bench.measures.payloads import PAYLOADS
from bench.measures.processing import PROCESSING
from bench.registry import BOUNDS, TORIL, Registered
from bench.server import Server
from bench.subject import Subject, SystemFailed, SystemMissing
from bench.systems.protocol import MANY_AT_ONCE

# How many jobs a process handles untimed before all else: by then Node's compiler has done most of its part.
WARM_UP_JOBS = 10_000
MEASURES: tuple[Measure, ...] = (*ADDING, *PROCESSING, *LATENCY, *MEMORY, *PAYLOADS, *OPTIONS)

Tell = Callable[[str], None]


@dataclass(slots=True)
class Comparison:
    """Everything that a comparison found out.

    Attributes:
        gaps: why a system has no value of a figure.
        missing: the systems that are not installed, with the reason.
        failed: those that failed, with the reason; nothing more was asked of them.
    """

    samples: list[Sample] = field(default_factory=list[Sample])
    gaps: dict[tuple[Figure, str], str] = field(default_factory=dict[tuple[Figure, str], str])
    missing: dict[str, str] = field(default_factory=dict[str, str])
    failed: dict[str, str] = field(default_factory=dict[str, str])
    versions: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    server_version: str = ""
    server_peak_memory: int = 0
    load_before: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to compare.

    Attributes:
        systems: the order of the first round.
        scale: what share of the full number of jobs to use.
        warm_up: how many jobs a fast system's process handles untimed at first.
        long: whether the large backlog is a million jobs.
    """

    systems: Sequence[Registered]
    rounds: int
    scale: float = 1.0
    warm_up: int = WARM_UP_JOBS
    long: bool = False

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (*MEASURES, *(LONG_BACKLOGS if self.long else BACKLOGS))


async def compare(plan: Plan, tell: Tell) -> Comparison:
    """Measures the systems, in turn, on one server, which is emptied before each run.

    Each has two processes for all rounds, warmed up before the first. A system that is not installed or that
    fails is named, and the others go on without it.

    Args:
        tell: takes a line on each run.
    """
    found = Comparison(load_before=os.getloadavg()[0])
    with Server.start() as server:
        async with AsyncExitStack() as stack:
            entered: list[Entered] = []
            for system in (*plan.systems, *(BOUNDS if TORIL in plan.systems else ())):
                processes = await stack.enter_async_context(AsyncExitStack())
                async with _named(found, system.name, processes, tell):
                    tell(f"warming up {system.name}")
                    pair = await _started(system, server, processes)
                    found.versions[system.name] = pair.first.versions
                    await _warm_up(pair, server, fewer(plan.warm_up, system.share))
                    entered.append(Entered(pair, processes))
            shown: dict[Measure, set[Figure]] = {}
            for number in range(plan.rounds):
                for measure, (pair, processes) in _runs(plan.measures, entered, number):
                    name = pair.first.system.name
                    if name in found.failed:
                        continue
                    async with _named(found, name, processes, tell):
                        server.empty()
                        scaled = measure.scaled(plan.scale * pair.first.system.share)
                        figures = await scaled.take(pair, server)
                        found.samples += (Sample(figure, name, number, of) for figure, of in figures.items())
                        shown.setdefault(measure, set()).update(figures)
                        for figure, value in figures.items():
                            run = f"{number + 1}/{plan.rounds} {name}"
                            tell(f"{run}: {figure.title} {value:,.4g} {figure.unit}")
            found.gaps = _gaps(shown, entered, found.failed)
        found.server_version, found.server_peak_memory = server.version, server.peak_memory
    return found


class Entered(NamedTuple):
    """A system's processes, and what ends them."""

    pair: Pair
    processes: AsyncExitStack


@asynccontextmanager
async def _named(found: Comparison, name: str, processes: AsyncExitStack, tell: Tell) -> AsyncGenerator[None]:
    """Notes that a system is not there or failed, and ends its processes; the comparison goes on."""
    try:
        yield
    except* SystemMissing as missing:
        found.missing[name] = _reason(missing)
    except* SystemFailed as failed:  # in a group, from two requests that were under way at the same time
        found.failed[name] = _reason(failed)
    if name in found.missing or name in found.failed:
        tell(f"{name}: {found.missing.get(name) or found.failed[name]}")
        await processes.aclose()


def _reason(group: BaseExceptionGroup[SystemFailed]) -> str:
    first = group.exceptions[0]
    return first.reason if isinstance(first, SystemFailed) else _reason(first)


def _gaps(
    shown: Mapping[Measure, set[Figure]], entered: Sequence[Entered], failed: Mapping[str, str]
) -> dict[tuple[Figure, str], str]:
    """Why a system has no value of a figure that another one has."""
    return {
        (figure, name): reason
        for measure, figures in shown.items()
        for pair, _ in entered
        for name in (pair.first.system.name,)
        if (reason := measure.obstacle(pair.first) or failed.get(name))
        for figure in figures
    }


async def _started(system: Registered, server: Server, processes: AsyncExitStack) -> Pair:
    first = await processes.enter_async_context(Subject.start(system, server.url))
    if system in BOUNDS:
        return Pair(first, first)
    return Pair(first, await processes.enter_async_context(Subject.start(system, server.url)))


async def _warm_up(pair: Pair, server: Server, jobs: int) -> None:
    for subject in dict.fromkeys(pair):
        server.empty()
        await subject.ask("add_bulk", count=jobs)
        if subject.system not in BOUNDS:
            await subject.ask("add_sequential", count=fewer(jobs, 0.2))
            await subject.ask("process", count=jobs, concurrency=1 if MANY_AT_ONCE in subject.lacks else 100)


def _runs(
    measures: Sequence[Measure], entered: Sequence[Entered], turn: int
) -> Iterator[tuple[Measure, Entered]]:
    """Measure by measure, all systems that can; another one begins each round."""
    begin = turn % max(len(entered), 1)
    for measure in measures:
        for each in (*entered[begin:], *entered[:begin]):
            if measure.obstacle(each.pair.first) is None:
                yield measure, each
