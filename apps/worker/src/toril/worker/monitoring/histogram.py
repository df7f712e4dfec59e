"""How many values fell into which range."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 3600.0)
JOBS = (1, 2, 5, 10, 25, 50, 100, 250)


class Histogram:
    """Counts values by the first of some bounds that they do not exceed.

    Written by one thread; another one may read it at any time.
    """

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, value: float) -> None:
        """Counts one value."""
        self._counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    def add_all(self, values: Iterable[float]) -> None:
        """Counts several."""
        counts, bounds, total = self._counts, self.bounds, 0.0
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            total += value
        self.sum += total

    def cumulated(self) -> list[int]:
        """For each bound, how many values did not exceed it; and at the end, how many there were."""
        total = 0
        cumulated: list[int] = []
        for count in list(self._counts):
            total += count
            cumulated.append(total)
        return cumulated
