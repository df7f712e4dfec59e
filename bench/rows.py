"""What a comparison found, row by row: no absolute figure without its ratio."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from bench.comparison import Comparison
from bench.measures.figure import Figure
from bench.registry import BOUNDS, NODE, SYSTEMS

LABELS = {system.name: system.label for system in (*SYSTEMS.values(), *BOUNDS)}


class Row(NamedTuple):
    """One system's values of one figure. `ratio` is to the baseline's best round; above 1 is better."""

    figure: Figure
    system: str
    median: float
    lowest: float
    highest: float
    ratio: float | None

    @property
    def best(self) -> float:
        return self.highest if self.figure.more_is_better else self.lowest

    def cells(self) -> tuple[str, ...]:
        return (
            LABELS[self.system],
            number(self.median),
            f"{number(self.lowest)} to {number(self.highest)}",
            "" if self.ratio is None else f"{self.ratio:.2f}",
        )


class Gap(NamedTuple):
    """A system that has no value of a figure, and why."""

    figure: Figure
    system: str
    reason: str


@dataclass(frozen=True, slots=True)
class Rows:
    """All rows of a comparison, in the order in which the figures were measured first."""

    baseline: str
    figures: dict[Figure, dict[str, Row]]
    gaps: dict[Figure, list[Gap]]

    def find(self, figure: Figure, system: str) -> Row | None:
        return self.figures.get(figure, {}).get(system)

    def __iter__(self) -> Iterator[Row | Gap]:
        for figure, of_system in self.figures.items():
            yield from of_system.values()
            yield from self.gaps.get(figure, ())


def rows(comparison: Comparison) -> Rows:
    """A row for each figure and system, against Node, or the first system if Node is not among them."""
    values: dict[Figure, dict[str, list[float]]] = {}
    for sample in sorted(comparison.samples, key=lambda each: (each.round, _place(each.system))):
        values.setdefault(sample.figure, {}).setdefault(sample.system, []).append(sample.value)
    measured = dict.fromkeys(sample.system for sample in comparison.samples)
    baseline = NODE.name if NODE.name in measured else next(iter(measured), "")
    figures = {figure: _of_figure(figure, of_system, baseline) for figure, of_system in values.items()}
    gaps = {
        figure: [
            Gap(figure, system, reason)
            for (at, system), reason in comparison.gaps.items()
            if at == figure and system not in of_system
        ]
        for figure, of_system in figures.items()
    }
    return Rows(baseline, figures, gaps)


def _of_figure(figure: Figure, values: dict[str, list[float]], baseline: str) -> dict[str, Row]:
    best_of = max if figure.more_is_better else min
    best = best_of(values[baseline]) if baseline in values else None
    found: dict[str, Row] = {}
    for system, each in values.items():
        middle = median(each)
        ratio: float | None = None
        if best and middle:
            ratio = middle / best if figure.more_is_better else best / middle
        found[system] = Row(figure, system, middle, min(each), max(each), ratio)
    return found


def number(value: float) -> str:
    """A value with as many digits as it deserves."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _place(system: str) -> int:
    return list(LABELS).index(system)
