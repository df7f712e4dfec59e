"""What a worker knows of the jobs that wait for it, and how many more it can start."""

import time
from enum import Enum
from typing import NamedTuple

from toril.bull.intake import Taken

# A rate limit that lasts longer is looked after in between, as BullMQ does: somebody may have lifted it, and
# delayed jobs become due while it holds.
LONGEST_LIMITED_SLEEP = 30.0


class Outlook(Enum):
    """Whether a look into the queue is worth a round trip."""

    PLENTY = "the last look brought as many jobs as were asked for"
    UNKNOWN = "something may have come: one look will tell"
    NOTHING = "the last look found no more"


class Reservation(NamedTuple):
    """Places set aside for the jobs of one round trip; `news` is how much was known when it set out."""

    places: int
    news: int


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
        self._news = 0
        self._looking = 0
        self._reserved = 0
        self._running = 0
        self._closed = False
        self._paused = False
        self._limited_until = 0.0
        self._next_due: float | None = None

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._running

    @property
    def free(self) -> int:
        """How many more jobs could be started now."""
        if self._closed or self._paused:
            return 0
        return self._concurrency - self._running - self._reserved

    @property
    def next_due(self) -> float | None:
        """When the next delayed job is due (epoch seconds), if that is known."""
        return self._next_due

    @property
    def limited_for(self) -> float:
        """Seconds until the rate limit may let the next job start."""
        if self._limited_until == 0.0:
            return 0.0  # as a rule; it is asked several times for each job
        return max(self._limited_until - time.monotonic(), 0.0)

    @property
    def is_idle(self) -> bool:
        """Whether places are free, and nothing is known that may fill them now."""
        return self.free > 0 and (self._outlook is Outlook.NOTHING or self.limited_for > 0)

    @property
    def is_worth_a_look(self) -> bool:
        """Whether a round trip for the sake of taking jobs makes sense now; of an unknown one is enough."""
        if self.free <= 0 or self.limited_for > 0 or self._outlook is Outlook.NOTHING:
            return False
        return self._outlook is Outlook.PLENTY or self._looking == 0

    def started(self) -> None:
        """A job runs from now on."""
        self._running += 1

    def ended(self) -> None:
        """A job runs no longer."""
        self._running -= 1

    def expect_at(self, moment: float) -> None:
        """The next delayed job is due then, in epoch seconds."""
        self._next_due = moment

    def expect_more(self) -> None:
        """Something may have come, also since the round trips that are under way set out."""
        self._news += 1
        if self._outlook is Outlook.NOTHING:
            self._outlook = Outlook.UNKNOWN

    def close(self) -> None:
        """Takes no more jobs."""
        self._closed = True

    def pause(self) -> None:
        """Takes no more jobs for a while."""
        self._paused = True

    def resume(self) -> None:
        """Takes jobs again."""
        self._paused = False

    def reserve(self) -> Reservation:
        """Sets places aside for the jobs of one round trip."""
        places = 0 if self.limited_for > 0 else max(min(self.free, self._share), 0)
        self._reserved += places
        self._looking += 1
        return Reservation(places, self._news)

    def give_back(self, reservation: Reservation) -> None:
        """Ends a reservation: what was taken runs by now."""
        self._reserved -= reservation.places
        self._looking -= 1

    def note(self, taken: Taken, reservation: Reservation) -> None:
        """Learns from what a round trip brought."""
        if reservation.places == 0:
            return
        if len(taken.jobs) >= reservation.places:
            self._outlook = Outlook.PLENTY
            return
        # What came while the round trip was under way, it may have missed.
        self._outlook = Outlook.NOTHING if reservation.news == self._news else Outlook.UNKNOWN
        self._next_due = taken.next_due
        longest = min(taken.limited_for, LONGEST_LIMITED_SLEEP)
        self._limited_until = time.monotonic() + longest if longest > 0 else 0.0
