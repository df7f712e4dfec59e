"""What a worker has done so far: counted batch by batch on its event loop, read from any thread."""

import time
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from toril.bull.intake import TakenJob
from toril.bull.outcomes import (
    Completed,
    Failed,
    Limited,
    Outcome,
    Parked,
    Postponed,
    Refused,
    Released,
    Retried,
)
from toril.types import CANCELLED, EXPIRED
from toril.worker.monitoring.histogram import JOBS, SECONDS, Histogram

MOST_TIMED = 200_000


class Ending(StrEnum):
    """How runs end, as those who watch tell them apart."""

    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    RETRIED = "retried"
    DELAYED = "delayed"
    RELEASED = "released"
    RATE_LIMITED = "rate_limited"
    WAITING_CHILDREN = "waiting_children"
    UNKNOWN = "unknown"
    REFUSED = "refused"


# Looking up a member in its class takes longer than adding to its count.
_COMPLETED = Ending.COMPLETED

_PLAIN: dict[type[Outcome], Ending] = {
    Completed: Ending.COMPLETED,
    Retried: Ending.RETRIED,
    Released: Ending.RELEASED,
    Limited: Ending.RATE_LIMITED,
    Parked: Ending.WAITING_CHILDREN,
}


class Tally:
    """The counts of one worker.

    Attributes:
        endings: how many runs ended how.
        time_in_queue: seconds from when a job was due to when it was first taken.
        run_time: seconds from when a job was taken to when its outcome was settled.
        batch_size: how many jobs one round trip settled or took, whichever were more.
        stalled_recovered: how many jobs of dead workers were put back.
    """

    def __init__(self) -> None:
        self.endings: Counter[Ending] = Counter()
        self.time_in_queue = Histogram(SECONDS)
        self.run_time = Histogram(SECONDS)
        self.batch_size = Histogram(JOBS)
        self.stalled_recovered = 0
        self._taken_at: dict[str, float] | None = None

    def take_times(self) -> None:
        """Takes the times of jobs from now on, one by one: somebody wants to know them."""
        self._taken_at = self._taken_at or {}

    def exchanged(
        self, settled: Sequence[Outcome], refused: Sequence[Refused], taken: Sequence[TakenJob]
    ) -> None:
        """Counts one round trip."""
        if not settled and not taken:
            return
        self.batch_size.add(max(len(settled), len(taken)))
        completed = 0
        for outcome in settled:
            if type(outcome) is Completed:
                completed += 1
            else:
                self.endings[_ending(outcome)] += 1
        self.endings[_COMPLETED] += completed
        for refusal in refused:
            self.endings[_ending(refusal.outcome)] -= 1
            self.endings[Ending.REFUSED] += 1
        if self._taken_at is not None:
            self._time(self._taken_at, settled, taken)

    def _time(
        self, taken_at: dict[str, float], settled: Sequence[Outcome], taken: Sequence[TakenJob]
    ) -> None:
        now = time.monotonic()
        if len(taken_at) > MOST_TIMED:  # of runs without an outcome, whose locks were lost
            taken_at.clear()
        began = [taken_at.pop(outcome.job_id, None) for outcome in settled]
        self.run_time.add_all([now - moment for moment in began if moment is not None])
        if taken:
            taken_at.update(dict.fromkeys([job.id for job in taken], now))
            present = time.time()
            # Clocks differ a little: nothing was taken before it was added.
            self.time_in_queue.add_all(
                [
                    max(present - job.enqueued_at - job.options.delay, 0.0)
                    for job in taken
                    if job.attempts_started == 1
                ]
            )


def _ending(outcome: Outcome) -> Ending:
    match outcome:
        case Failed(reason=reason):
            return {CANCELLED: Ending.CANCELLED, EXPIRED: Ending.EXPIRED}.get(reason, Ending.FAILED)
        case Postponed(unknown=None, burns_attempt=burns_attempt):
            return Ending.RETRIED if burns_attempt else Ending.DELAYED
        case Postponed():
            return Ending.UNKNOWN
        case _:
            return _PLAIN[type(outcome)]
