"""A quantity, its values, and what takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import median, quantiles
from typing import NamedTuple, Protocol, Self

from bench.registry import BOUNDS
from bench.server import Server
from bench.subject import Subject

FEWEST = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A quantity of which every system has one value a round."""

    title: str
    unit: str
    more_is_better: bool = True


class Sample(NamedTuple):
    """One value of one figure."""

    figure: Figure
    system: str
    round: int
    value: float


class Pair(NamedTuple):
    """Two processes of one system that stay for all rounds, warmed up.

    `first` is measured; `second` adds what it works on, or works beside it. A bound has one process.
    """

    first: Subject
    second: Subject

    def __str__(self) -> str:
        return self.first.system.name


class Measure(Protocol):
    """Something that a system is asked to do, and what follows from how long it took."""

    def scaled(self, share: float) -> Self:
        """The same, with that part of the jobs."""
        ...

    def obstacle(self, subject: Subject) -> str | None:
        """Why this system cannot be asked for it; an empty text, if it is not meant to be."""
        ...

    async def take(self, pair: Pair, server: Server) -> dict[Figure, float]:
        """One run, on a server that is empty."""
        ...


@dataclass(frozen=True, slots=True)
class Counted:
    """What most measures have in common: they are of a number of jobs.

    Attributes:
        needs: the abilities without which a system cannot be asked for it.
    """

    count: int
    needs: tuple[str, ...] = field(default=(), kw_only=True)

    def scaled(self, share: float) -> Self:
        return replace(self, count=fewer(self.count, share))

    def obstacle(self, subject: Subject) -> str | None:
        return lack(subject, *self.needs)


def lack(subject: Subject, *abilities: str) -> str | None:
    """The reason for the first of these that a system cannot do."""
    if subject.system in BOUNDS:
        return ""
    return next((subject.lacks[ability] for ability in abilities if ability in subject.lacks), None)


def fewer(count: int, share: float) -> int:
    """A part of a number of jobs, enough to measure anything at all."""
    return max(round(count * share), FEWEST)


def middle_and_slowest(seconds: Sequence[float]) -> tuple[float, float]:
    """The median and the 99th percentile, in milliseconds."""
    milliseconds = [each * 1000 for each in seconds]
    return median(milliseconds), quantiles(milliseconds, n=100, method="inclusive")[98]
