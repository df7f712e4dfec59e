"""Pauses between attempts to reach Redis."""

import itertools
import random
from collections.abc import Iterator

FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0


def reconnect_pauses() -> Iterator[float]:
    """Seconds, doubled each time up to one second, with jitter: clients that fell together rise apart."""
    for exponent in itertools.count():
        longest = min(FIRST_PAUSE * 2 ** min(exponent, 10), LONGEST_PAUSE)
        yield random.uniform(longest / 2, longest)  # noqa: S311 - no secret depends on it
