"""Letting many jobs of a queue run that would not, or not yet."""

from datetime import UTC, datetime
from typing import Literal

from toril.bull.admin.steering import Steering, Told, told_nobody
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.codec import to_milliseconds
from toril.bull.errors import InvalidSetting
from toril.bull.replies import Argument
from toril.types import JobState

Finished = Literal[JobState.FAILED, JobState.COMPLETED]


class RerunningSteering(Steering):
    """Retry and promote all: loops of script calls that each handle a few hundred jobs."""

    async def retry_all(
        self, state: Finished = JobState.FAILED, *, before: datetime | None = None, told: Told = told_nobody
    ) -> int:
        """Lets finished jobs run again, in the order in which they ended, each by its priority.

        Args:
            state: failed or completed.
            before: only those that ended no later; by default all that have ended by now, so that a job that
                fails again meanwhile is not retried for ever.
            told: called with how many are retried so far.

        Returns:
            how many jobs are to run again.

        Raises:
            InvalidSetting: another state, or a time without a zone.
        """
        if state not in (JobState.FAILED, JobState.COMPLETED):
            raise InvalidSetting("state", state, "failed or completed: other jobs have not ended")
        moment = datetime.now(UTC) if before is None else before
        if moment.tzinfo is None:
            raise InvalidSetting("before", moment, "a time with a time zone, such as datetime.now(UTC)")
        newest = to_milliseconds(moment.timestamp())
        return await self._move("retry_jobs", state, told, (state.value, MOST_JOBS_A_SCRIPT, newest))

    async def promote_all(self, *, told: Told = told_nobody) -> int:
        """Lets all delayed jobs run now, in the order in which they were due, each by its priority.

        Args:
            told: called with how many are promoted so far.

        Returns:
            how many jobs were promoted.
        """
        return await self._move("promote_jobs", JobState.DELAYED, told, (MOST_JOBS_A_SCRIPT,))

    async def _move(self, script: str, state: JobState, told: Told, arguments: tuple[Argument, ...]) -> int:
        """Moves what is there now: a job that comes back meanwhile is not moved for ever."""
        left: int = await self._connection.execute("ZCARD", self._keys.base + state.value)
        count = 0
        while left > 0:
            moved, looked_at = await self._run(script, *arguments)
            count += moved
            told(count)
            left -= looked_at
            if looked_at < MOST_JOBS_A_SCRIPT:
                break
        return count
