"""How many jobs there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from toril.bull.codec import due_score
from toril.bull.errors import InvalidQuery
from toril.bull.inspect.reader import QueueReader
from toril.types import JobState
from toril.types.job_options import HIGHEST_PRIORITY_NUMBER

MOST_PRIORITIES = 1000


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many jobs a queue has in each state, and whether it is paused."""

    by_state: Mapping[JobState, int]
    paused: bool


class CountReader(QueueReader):
    """Counts jobs."""

    async def exists(self) -> bool:
        """Whether anybody has ever used the queue."""
        return bool(await self._connection.execute("EXISTS", self.keys.meta, self.keys.id))

    async def counts(self) -> QueueCounts:
        """How many jobs are in each state, all at one moment."""
        *counts, paused = await self._run("count_jobs")
        by_state = MappingProxyType(dict(zip(JobState, counts, strict=True)))
        return QueueCounts(by_state, bool(paused))

    async def counts_per_priority(self, priorities: Iterable[int]) -> Mapping[int, int]:
        """How many jobs wait with each of these priorities, all at one moment.

        Args:
            priorities: at most 1,000 of them; 0 asks for the jobs that wait without one.

        Raises:
            InvalidQuery: no job can have such a priority, or there are too many of them.
        """
        wanted = list(dict.fromkeys(priorities))
        if len(wanted) > MOST_PRIORITIES:
            raise InvalidQuery("priorities", len(wanted), f"at most {MOST_PRIORITIES:,} a call")
        for priority in wanted:
            if not 0 <= priority <= HIGHEST_PRIORITY_NUMBER:
                rule = f"a priority is a whole number from 0 to {HIGHEST_PRIORITY_NUMBER:,}"
                raise InvalidQuery("priority", priority, rule)
        counts = await self._run("count_priorities", wanted)
        return MappingProxyType(dict(zip(wanted, counts, strict=True)))

    async def due_before(self, moment: datetime) -> int:
        """How many delayed jobs are due before a moment.

        Args:
            moment: aware, of any zone.

        Raises:
            InvalidQuery: the moment has no zone.
        """
        if moment.tzinfo is None:
            raise InvalidQuery("moment", moment, "it needs a time zone, as datetime.now(UTC) has one")
        before = f"({due_score(moment)}"
        due: int = await self._connection.execute("ZCOUNT", self.keys.delayed, "-inf", before)
        return due
