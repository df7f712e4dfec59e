"""Pauses between attempts to reach Redis."""

import itertools
import random
from collections.abc import Iterator


def reconnect_pauses(*, first: float = 0.02, longest: float = 1.0) -> Iterator[float]:
    """Seconds, doubled each time up to the longest, with jitter: clients that fell together rise apart.

    Args:
        first: what the first pause is at most.
        longest: what any is at most.
    """
    for exponent in itertools.count():
        most = min(first * 2 ** min(exponent, 10), longest)
        yield random.uniform(most / 2, most)  # noqa: S311 - no secret depends on it
