"""A pause between two attempts that a strategy of the worker's own decides."""

from dataclasses import dataclass
from typing import get_args

from toril.types.policy import BackoffKind

LONGEST_KIND = 100


@dataclass(frozen=True, slots=True)
class CustomBackoff:
    """A custom backoff: its strategy is found by its kind (BullMQ's `backoffStrategy`).

    Args:
        kind: the strategy's name, up to 100 characters; not one of BullMQ's own.
        delay: the pause at a worker of ours that has no such strategy, in seconds. (A Node worker without one
            cannot end the attempt.)

    Raises:
        ValueError: a value out of range.
    """

    kind: str
    delay: float = 0.0

    def __post_init__(self) -> None:
        if not 0 < len(self.kind) <= LONGEST_KIND or self.kind in get_args(BackoffKind):
            raise ValueError(
                f"backoff kind is {self.kind[:LONGEST_KIND]!r}; a custom one has 1 to {LONGEST_KIND} "
                f"characters and is none of {get_args(BackoffKind)}"
            )
        if not 0 <= self.delay < float("inf"):
            raise ValueError(
                f"backoff delay is {self.delay!r}; it must be a finite number of seconds, 0 or more"
            )
