"""What a worker knows of the jobs that wait for it, and how many more it can start."""

import time
from enum import Enum

from toril.bull.intake import Taken


class Outlook(Enum):
    """Whether a look into the queue is worth a round trip."""

    PLENTY = "the last look brought as many jobs as were asked for"
    UNKNOWN = "something may have come: one look will tell"
    NOTHING = "the last look found no more"


class Supply:
    """The balance of one worker: free places against jobs to be had.

    Args:
        concurrency: how many jobs may run at once.
        share: how many one round trip may take, so that several can be under way.
    """

    def __init__(self, concurrency: int, share: int) -> None:
        self._concurrency = concurrency
        self._share = share
        self._outlook = Outlook.UNKNOWN
        self._looking = 0
        self._reserved = 0
        self._closed = False
        self._limited_until = 0.0
        self.running = 0
        self.next_due: float | None = None

    @property
    def free(self) -> int:
        """How many more jobs could be started now."""
        return 0 if self._closed else self._concurrency - self.running - self._reserved

    @property
    def limited_for(self) -> float:
        """Seconds until the rate limit lets the next job start."""
        return max(self._limited_until - time.monotonic(), 0.0)

    @property
    def is_idle(self) -> bool:
        """Whether places are free, and nothing is known to fill them."""
        return self._outlook is Outlook.NOTHING and self.free > 0

    @property
    def is_worth_a_look(self) -> bool:
        """Whether a round trip for the sake of taking jobs makes sense now; of an unknown one is enough."""
        if self.free <= 0 or self._outlook is Outlook.NOTHING:
            return False
        return self._outlook is Outlook.PLENTY or self._looking == 0

    def expect_more(self) -> None:
        """Something may have come."""
        if self._outlook is Outlook.NOTHING:
            self._outlook = Outlook.UNKNOWN

    def close(self) -> None:
        """Takes no more jobs."""
        self._closed = True

    def reserve(self) -> int:
        """Sets places aside for the jobs of one round trip, and says how many."""
        places = 0 if self.limited_for > 0 else max(min(self.free, self._share), 0)
        self._reserved += places
        self._looking += 1
        return places

    def give_back(self, places: int) -> None:
        """Ends a reservation: what was taken runs by now."""
        self._reserved -= places
        self._looking -= 1

    def note(self, taken: Taken, asked: int) -> None:
        """Learns from what a round trip brought."""
        if asked == 0:
            return
        if len(taken.jobs) >= asked:
            self._outlook = Outlook.PLENTY
            return
        self._outlook = Outlook.NOTHING
        self.next_due = taken.next_due
        self._limited_until = time.monotonic() + taken.limited_for if taken.limited_for else 0.0
