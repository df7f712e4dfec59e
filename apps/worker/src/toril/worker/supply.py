"""What a worker knows of the jobs that wait for it, and how many more it can start."""

import time
from enum import Enum

from toril.bull.intake import Taken

# A rate limit that lasts longer is looked after in between, as BullMQ does: somebody may have lifted it, and
# delayed jobs become due while it holds.
LONGEST_LIMITED_SLEEP = 30.0


class Outlook(Enum):
    """Whether a look into the queue is worth a round trip."""

    PLENTY = "the last look brought as many jobs as were asked for"
    UNKNOWN = "something may have come: one look will tell"
    NOTHING = "the last look found no more"


# Looking up a member in its class takes longer than all else that is done with it, several times a job.
_PLENTY, _UNKNOWN, _NOTHING = Outlook


class Supply:
    """The balance of one worker: free places against jobs to be had.

    Args:
        concurrency: how many jobs may run at once.
        share: how many one round trip may take, so that several can be under way.
    """

    def __init__(self, concurrency: int, share: int) -> None:
        self._concurrency = concurrency
        self._share = share
        self._outlook = _UNKNOWN
        self._news = 0
        self._looking = 0
        self._reserved = 0
        self._running = 0
        self._taking = True
        self._closed = False
        self._limited_until = 0.0
        self._next_due: float | None = None

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._running

    @property
    def free(self) -> int:
        """How many more jobs could be started now."""
        return self._concurrency - self._running - self._reserved if self._taking else 0

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
        return self.free > 0 and (self._outlook is _NOTHING or self.limited_for > 0)

    @property
    def is_worth_a_look(self) -> bool:
        """Whether a round trip for the sake of taking jobs makes sense now; of an unknown one is enough."""
        if self.free <= 0 or self._outlook is _NOTHING:
            return False
        return (self._outlook is _PLENTY or self._looking == 0) and self.limited_for == 0

    def started(self, jobs: int) -> None:
        """So many more jobs run from now on."""
        self._running += jobs

    def ended(self) -> None:
        """A job runs no longer."""
        self._running -= 1

    def expect_at(self, moment: float) -> None:
        """The next delayed job is due then, in epoch seconds."""
        self._next_due = moment

    def expect_more(self) -> None:
        """Something may have come, also since the round trips that are under way set out."""
        self._news += 1
        if self._outlook is _NOTHING:
            self._outlook = _UNKNOWN

    def close(self) -> None:
        """Takes no more jobs."""
        self._closed = True
        self._taking = False

    def pause(self) -> None:
        """Takes no more jobs for a while."""
        self._taking = False

    def resume(self) -> None:
        """Takes jobs again."""
        self._taking = not self._closed

    def reserve(self) -> tuple[int, int]:
        """Sets places aside for the jobs of one round trip.

        Returns:
            How many places, and how much was known when it set out; both are for `note`.
        """
        places = min(self.free, self._share)
        if places < 0 or self.limited_for > 0:
            places = 0
        self._reserved += places
        self._looking += 1
        return places, self._news

    def note(self, taken: Taken, places: int, news: int) -> None:
        """Ends a reservation: what was taken runs by now. Learns from what the round trip brought."""
        self._looking -= 1
        if places == 0:
            return
        self._reserved -= places
        if len(taken.jobs) >= places:
            self._outlook = _PLENTY
            return
        # What came while the round trip was under way, it may have missed.
        self._outlook = _NOTHING if news == self._news else _UNKNOWN
        self._next_due = taken.next_due
        longest = min(taken.limited_for, LONGEST_LIMITED_SLEEP)
        self._limited_until = time.monotonic() + longest if longest > 0 else 0.0
