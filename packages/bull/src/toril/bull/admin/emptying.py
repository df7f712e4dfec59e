"""Removing many jobs of a queue."""

import time
from collections.abc import AsyncIterator

from toril.bull.admin.steering import Steering, Told, check_count, check_seconds, told_nobody
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.codec import text, to_milliseconds
from toril.bull.errors import QueueBusy, QueueNotPaused
from toril.types import JobState

_LISTS = frozenset({"wait", "paused", "active"})
_NOT_PAUSED, _JOBS_RUN = -1, -2


class EmptyingSteering(Steering):
    """Drain, clean, obliterate: loops of script calls that each handle a few hundred jobs."""

    async def drain(self, *, include_delayed: bool = False, told: Told = told_nobody) -> int:
        """Removes the jobs that wait to be started, and parents of this queue that wait for nothing else.

        Jobs that run or have ended stay, and so do the pending runs of schedules.

        Args:
            include_delayed: those that wait for their time as well.
            told: called with how many are removed so far.

        Returns:
            how many jobs were removed, parents not counted.
        """
        count = 0
        for place in ("wait", "paused", *(("delayed",) if include_delayed else ()), "prioritized"):
            async for ids in self._sweep(place):
                count += len(ids)
                told(count)
        return count

    async def clean(
        self,
        state: JobState,
        *,
        grace: float = 0.0,
        limit: int | None = None,
        told: Told = told_nobody,
        now: float | None = None,
    ) -> list[str]:
        """Removes the jobs in one state that are older than `grace`: those first that run or ended first.

        A job's age counts from its end, else from its last start, else from when it was added. Active jobs
        are only removed if no worker holds them; pending runs of schedules stay.

        Args:
            grace: younger jobs stay, in seconds.
            limit: remove at most so many; None is any number.
            told: called with how many are removed so far.
            now: the time from which ages count, in epoch seconds; by default the present.

        Returns:
            the ids of the jobs removed.

        Raises:
            InvalidSetting: `grace` is negative, or `limit` less than 1.
        """
        newest = to_milliseconds((time.time() if now is None else now) - check_seconds("grace", grace))
        left = None if limit is None else check_count("limit", limit, least=1)
        removed: list[str] = []
        for place in await self._places(state):
            async for ids in self._sweep(place, newest=newest, limit=left, emits=True):
                removed += ids
                told(len(removed))
            left = None if limit is None else limit - len(removed)
            if left == 0:
                break
        return removed

    async def obliterate(self, *, force: bool = False, told: Told = told_nobody) -> None:
        """Removes a paused queue for good: every job, schedule, event and setting.

        Args:
            force: also jobs that run; what their workers make of them is refused.
            told: called with how many jobs are removed so far.

        Raises:
            QueueNotPaused: call `pause` first, so that nothing is taken meanwhile.
            QueueBusy: jobs run, and `force` was not said.
        """
        count, code = 0, 1
        while code == 1:
            code, *removed = await self._run("obliterate", MOST_JOBS_A_SCRIPT, "1" if force else "")
            if code == _NOT_PAUSED:
                raise QueueNotPaused(self._keys.queue)
            if code == _JOBS_RUN:
                raise QueueBusy(self._keys.queue)
            count += sum(removed)
            told(count)

    async def _places(self, state: JobState) -> list[str]:
        if state is not JobState.WAITING:
            return [state.value]
        # "paused" is where a BullMQ before v6 puts the jobs of a paused queue.
        return ["wait", "paused"] if await self._size("paused") else ["wait"]

    async def _sweep(
        self, place: str, *, newest: int | None = None, limit: int | None = None, emits: bool = False
    ) -> AsyncIterator[list[str]]:
        """The ids removed, call by call. What comes while it is at work is not looked for."""
        left, skip = await self._size(place), 0
        while True:
            most = MOST_JOBS_A_SCRIPT if limit is None else min(limit, MOST_JOBS_A_SCRIPT)
            bounds = (MOST_JOBS_A_SCRIPT, skip, most, "" if newest is None else newest)
            reply: tuple[list[bytes], int] = await self._run("sweep", place, *bounds, "1" if emits else "")
            swept, looked_at = reply
            yield [text(job_id) for job_id in swept]
            left -= looked_at
            skip += looked_at - len(swept)
            limit = None if limit is None else limit - len(swept)
            if left <= 0 or looked_at < MOST_JOBS_A_SCRIPT or limit == 0:
                return

    async def _size(self, place: str) -> int:
        key = self._keys.base + place
        return await self._connection.execute("LLEN" if place in _LISTS else "ZCARD", key)
