"""Whether something grew."""

from collections.abc import Sequence
from statistics import median
from typing import NamedTuple

from chaos.soak.samples import Sample

WARM_UP = 0.25  # of the jobs: samples before do not count


class Bound(NamedTuple):
    """By how much a figure may grow from the first third to the last: a share of it, or so many units."""

    share: float
    units: float


BOUNDS = {
    "worker_memory": Bound(0.05, 6.0),
    "producer_memory": Bound(0.05, 6.0),
    "broker_memory": Bound(0.05, 3.0),
    "files": Bound(0.0, 2.0),
    "threads": Bound(0.0, 0.0),
    "tasks": Bound(0.0, 110.0),  # as many jobs as the workers may run at a moment, 100, are no growth
    "clients": Bound(0.0, 2.0),
    "keys": Bound(0.05, 200.0),
}


class Growth(NamedTuple):
    """A figure's medians in the first and in the last third of the samples that count."""

    figure: str
    first: float
    last: float

    @property
    def is_flat(self) -> bool:
        bound = BOUNDS[self.figure]
        return self.last - self.first <= max(bound.share * self.first, bound.units)


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """How each figure changed."""
    counted = [sample for sample in samples if sample.done >= WARM_UP * samples[-1].done]
    third = max(len(counted) // 3, 1)
    return [
        Growth(figure, _median(counted[:third], figure), _median(counted[-third:], figure))
        for figure in BOUNDS
    ]


def _median(samples: Sequence[Sample], figure: str) -> float:
    return median(getattr(sample, figure) for sample in samples)
