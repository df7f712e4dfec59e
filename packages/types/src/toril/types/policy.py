"""How long a job pauses between two attempts, and how long a finished job is kept."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random as uniform
from typing import Literal, get_args

BackoffKind = Literal["fixed", "exponential"]
MOST_REMOVED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class Backoff:
    """The pause between two attempts, as BullMQ means it (shared by Node and Python workers).

    Args:
        kind: `fixed` pauses `delay` each time; `exponential` doubles it with each attempt.
        delay: the first pause, in seconds.
        jitter: the share of each pause that is drawn at random, 0 to 1: at 0.5 a pause of
            8 s becomes one between 4 s and 8 s.
    """

    kind: BackoffKind
    delay: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(BackoffKind):
            raise ValueError(f"backoff kind is {self.kind!r}; it must be one of {get_args(BackoffKind)}")
        if not 0 <= self.delay < float("inf"):
            raise ValueError(
                f"backoff delay is {self.delay!r}; it must be a finite number of seconds, 0 or more"
            )
        if not 0 <= self.jitter <= 1:
            raise ValueError(f"backoff jitter is {self.jitter!r}; it must lie between 0 and 1")

    def pause(self, attempts_made: int, random: Callable[[], float] = uniform) -> float:
        """Seconds to wait after the `attempts_made`-th attempt has failed (1 for the first)."""
        longest = self.delay
        if self.kind == "exponential":
            longest *= 2.0 ** min(attempts_made - 1, 64)
        if self.jitter == 0:
            return longest
        steady = longest * (1 - self.jitter)
        return steady + random() * (longest - steady)


@dataclass(frozen=True, slots=True)
class Keep:
    """How long finished jobs of one kind stay in Redis.

    Args:
        count: keep this many, the newest; 0 removes a job as it finishes; None keeps any number.
        age: keep a job this long, in seconds; None for ever. Old jobs go when another one finishes.
        limit: of those that are too old, let so many go at once, 1 to 1,000; None is 1,000.
    """

    count: int | None = None
    age: float | None = None
    limit: int | None = None

    def __post_init__(self) -> None:
        if self.count is not None and self.count < 0:
            raise ValueError(f"keep count is {self.count!r}; it must be 0 or more, or None for all")
        if self.age is not None and not 0 <= self.age < float("inf"):
            raise ValueError(
                f"keep age is {self.age!r}; it must be a finite number of seconds, or None for ever"
            )
        if self.limit is not None and (self.age is None or not 1 <= self.limit <= MOST_REMOVED_AT_ONCE):
            raise ValueError(
                f"keep limit is {self.limit!r}; it must be 1 to {MOST_REMOVED_AT_ONCE:,}, and needs an age"
            )
