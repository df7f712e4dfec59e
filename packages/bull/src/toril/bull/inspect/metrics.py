"""How many jobs have ended, minute by minute."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from toril.bull.codec import count, moment
from toril.bull.inspect.reader import QueueReader
from toril.types import JobState

# Two weeks of minutes, the most that BullMQ's own names for it go to.
MOST_POINTS = 20_160

Ended = Literal[JobState.COMPLETED, JobState.FAILED]


class MinuteCount(NamedTuple):
    """How many jobs ended in the minute that begins at `minute`."""

    minute: datetime
    jobs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMetrics:
    """How many jobs ended in one of the final states, as long as workers have counted them.

    Workers count when a job ends, so the newest point is the minute before the last job ended.

    Attributes:
        count: how many since they were counted first.
        counted_until: when a job last ended in another minute than the one before it; None if none ever did.
        counted_before: how many had ended before that.
        points: jobs a minute, the newest first, from position `start` on.
        stored_points: how many minutes are kept in all.
    """

    state: Ended
    count: int
    counted_until: datetime | None
    counted_before: int
    points: tuple[int, ...]
    start: int = 0
    stored_points: int

    def minutes(self) -> Iterator[MinuteCount]:
        """The minutes by their times, the newest first; minutes after them had no job that ended."""
        if self.counted_until is None:
            return
        newest = self.counted_until.replace(second=0, microsecond=0)
        if self.start == 0:
            yield MinuteCount(newest, self.count - self.counted_before)
        for minutes, jobs in enumerate(self.points, self.start + 1):
            yield MinuteCount(newest - timedelta(minutes=minutes), jobs)


class MetricsReader(QueueReader):
    """Reads what workers have counted: those that were told to."""

    async def metrics(self, state: Ended, *, start: int = 0, limit: int = MOST_POINTS) -> QueueMetrics:
        """How many jobs ended in a final state, in all and minute by minute, all at one moment.

        Args:
            start: how many of the newest minutes to skip.
            limit: how many to read, at most 20,160: two weeks.
        """
        first, most = max(start, 0), max(min(limit, MOST_POINTS), 0)
        (total, until, before), points, stored = await self._run("read_metrics", [state, first, most])
        return QueueMetrics(
            state=state,
            count=count(total),
            counted_until=moment(until),
            counted_before=count(before),
            points=tuple(count(point) for point in points),
            start=first,
            stored_points=stored,
        )
