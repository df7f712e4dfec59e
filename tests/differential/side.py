"""What both sides of the comparison share: whose worker it is, what time it is, and what a step answers."""

from dataclasses import dataclass
from typing import NamedTuple

from toril.bull.intake import RateLimit

START = 1_700_000_000.0


@dataclass
class Clock:
    """The time that both sides are told, in epoch seconds. Redis's own clock only runs out keys."""

    now: float = START

    def advance(self, seconds: float) -> None:
        self.now = round(self.now + seconds, 3)


@dataclass(frozen=True)
class Worker:
    """Who takes the jobs. Durations are seconds; `most_stalls` is how often a job may stall."""

    name: str | None = "picasso"
    lock_duration: float = 300.0
    limit: RateLimit | None = None
    stalled_interval: float = 300.0
    most_stalls: int = 1
    metrics_minutes: int | None = None


class Job(NamedTuple):
    """A job that was taken, as far as a worker acts on it."""

    id: str
    name: str
    data: bytes
    attempts: int
    attempts_made: int
    attempts_started: int
    stalled_count: int
    enqueued_at: float
    deferred_failure: str | None


class Reply(NamedTuple):
    """What settling and taking answers: the refused outcomes as (id, code), in order, and what was taken."""

    refused: list[tuple[str, int]]
    jobs: list[Job]
    limited_for: float = 0.0
    next_due: float | None = None
    blocked: bool = False
