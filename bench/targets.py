"""What Toril is meant to reach, and whether it did, as ratios within one run.

Toril's median is held against the other's best round where it is speed, and against its median where it is
a delay or memory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bench.measures.adding import BULK, CONCURRENT, SEQUENTIAL
from bench.measures.backlog import processing_speed, producer_growth
from bench.measures.figure import Figure
from bench.measures.latency import PICKUP_P50, PICKUP_P99
from bench.measures.memory import COMPLETED, IDLE_WORKER, WAITING
from bench.measures.processing import HUNDRED, ONE, TEN
from bench.registry import BARE, BOUNDS, NODE, PORT, TORIL
from bench.rows import Row, Rows

SMALL_BACKLOG, LARGE_BACKLOG = processing_speed(100, "small"), processing_speed(100, "large")
FLAT = 20.0  # megabytes: about what the handles of a million jobs take

Measured = Callable[[Rows], float | None]


class Verdict(NamedTuple):
    """A target and what was measured. `met` is None if that was nothing."""

    title: str
    goal: str
    measured: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Target:
    """A bound for something that was measured."""

    title: str
    bound: float
    measured: Measured
    at_most: bool = False
    unit: str = "x"

    def verdict(self, found: Rows) -> Verdict:
        value = self.measured(found)
        goal = f"{'≤' if self.at_most else '≥'} {self._shown(self.bound)}"
        if value is None:
            return Verdict(self.title, goal, "not measured", None)
        met = value <= self.bound if self.at_most else value >= self.bound
        return Verdict(self.title, goal, self._shown(value), met)

    def _shown(self, value: float) -> str:
        return f"{value:.0%}" if self.unit == "%" else f"{value:.3g} {self.unit}"


def against_best(figure: Figure, *others: str, theirs: Figure | None = None) -> Measured:
    """Our median to the best round of the fastest of the others, in the same figure or in another."""

    def measured(found: Rows) -> float | None:
        ours = found.find(figure, TORIL.name)
        best = [row.best for other in others if (row := found.find(theirs or figure, other))]
        return ours.median / max(best) if ours and best else None

    return measured


def against_peers(figure: Figure) -> Measured:
    """Our median to the best round of the fastest system that is not BullMQ."""

    def measured(found: Rows) -> float | None:
        others = {system.name for system in (TORIL, NODE, PORT, *BOUNDS)}
        peers = found.figures.get(figure, {}).keys() - others
        return against_best(figure, *peers)(found)

    return measured


def of_medians(ours: tuple[Figure, str], theirs: tuple[Figure, str]) -> Measured:
    """One median to another."""

    def measured(found: Rows) -> float | None:
        first, second = found.find(*ours), found.find(*theirs)
        return _ratio(first, second) if first and second else None

    return measured


def _ratio(first: Row, second: Row) -> float | None:
    return first.median / second.median if second.median else None


def _grown(found: Rows) -> float | None:
    row = found.find(producer_growth("large"), TORIL.name)
    return row.median if row else None


def _beside_node(figure: Figure) -> Measured:
    return of_medians((figure, TORIL.name), (figure, NODE.name))


TARGETS = (
    Target("process, 100 at a time, to Node's best", 3.0, against_best(HUNDRED, NODE.name)),
    Target("process, 100 at a time, to bullmq (PyPI)", 15.0, against_best(HUNDRED, PORT.name)),
    Target("process, 100 at a time, to the fastest Python peer", 10.0, against_peers(HUNDRED)),
    Target("process, 10 at a time, to Node's best", 2.0, against_best(TEN, NODE.name)),
    Target("process, 1 at a time, to Node's best", 1.2, against_best(ONE, NODE.name)),
    Target(
        "share of the bound: process, 100 at a time, to the bare loop",
        0.75,
        of_medians((HUNDRED, TORIL.name), (HUNDRED, BARE.name)),
        unit="%",
    ),
    Target("add in bulk, to Node's best", 3.0, against_best(BULK, NODE.name)),
    Target(
        "add, 100 at a time, to Node's best one by one",
        5.0,
        against_best(CONCURRENT, NODE.name, theirs=SEQUENTIAL),
    ),
    Target("add, one by one, to Node's best", 1.2, against_best(SEQUENTIAL, NODE.name)),
    Target("pickup when idle, p50, to Node's", 1.0, _beside_node(PICKUP_P50), at_most=True),
    Target("pickup when idle, p99, to Node's", 1.0, _beside_node(PICKUP_P99), at_most=True),
    Target(
        "process, 100 at a time, large backlog to small",
        0.9,
        of_medians(
            (processing_speed(100, "large"), TORIL.name), (processing_speed(100, "small"), TORIL.name)
        ),
        unit="%",
    ),
    Target("what a producer grows by, large backlog", FLAT, _grown, at_most=True, unit="MB"),
    Target("memory of a waiting job, to Node's", 1.0, _beside_node(WAITING), at_most=True),
    Target("memory of a completed job, to Node's", 1.0, _beside_node(COMPLETED), at_most=True),
    Target("memory of an idle worker, to Node's", 1.0, _beside_node(IDLE_WORKER), at_most=True),
)


def verdicts(found: Rows) -> list[Verdict]:
    """Every target with what was measured."""
    return [target.verdict(found) for target in TARGETS]
