"""Whether and how fast the jobs of a queue run."""

from toril.bull.admin.steering import Steering, check_count, check_seconds
from toril.bull.codec import to_milliseconds
from toril.bull.errors import InvalidSetting
from toril.bull.intake import RateLimit

# Cheap to move, they are only ids.
MOST_IDS_A_CALL = 1_000
# What BullMQ writes where nobody is to start a job: JavaScript's highest safe integer.
NO_JOB_MAY_START = 2**53 - 1


class PaceSteering(Steering):
    """Pause and resume, and the limits that hold over all workers of a queue, Node's and ours."""

    async def pause(self) -> None:
        """Lets no worker take jobs, until `resume`. Those that run end as usual; jobs can still be added.

        A BullMQ before v6 that adds meanwhile puts its jobs aside, and loses those that wait if it is the one
        that resumes: where such producers add to the queue, resume from here.
        """
        await self._run("pause")

    async def resume(self) -> None:
        """Ends a pause, also one by a BullMQ before v6, whose jobs stand in line again."""
        left: int = await self._run("resume", MOST_IDS_A_CALL, "1")
        while left > 0:
            left = await self._run("resume", MOST_IDS_A_CALL, "")

    async def set_concurrency(self, most: int | None) -> None:
        """Bounds how many jobs run at once over all workers; None lifts the bound.

        Workers that are idle notice a higher one within 10 seconds.

        Raises:
            InvalidSetting: less than 1.
        """
        if most is None:
            await self._connection.execute("HDEL", self._keys.meta, "concurrency")
        else:
            concurrency = check_count("concurrency", most, least=1)
            await self._connection.execute("HSET", self._keys.meta, "concurrency", concurrency)

    async def set_rate_limit(self, limit: RateLimit | None) -> None:
        """Bounds how many jobs start in a while over all workers; None lifts the bound.

        Raises:
            InvalidSetting: less than 1 job, or a duration of 0 or less.
        """
        if limit is None:
            await self._connection.execute("HDEL", self._keys.meta, "max", "duration")
            return
        jobs = check_count("jobs", limit.jobs, least=1)
        duration = _span("duration", limit.duration)
        await self._connection.execute("HSET", self._keys.meta, "max", jobs, "duration", duration)

    async def limit_rate_for(self, seconds: float) -> None:
        """Lets no job start for a while, where a rate limit holds: a worker's own, or by `set_rate_limit`.

        For a service that says when it may be asked again.

        Raises:
            InvalidSetting: `seconds` is not above 0.
        """
        key = self._keys.base + "limiter"
        await self._connection.execute("SET", key, NO_JOB_MAY_START, "PX", _span("seconds", seconds))

    async def end_rate_limit(self) -> bool:
        """Lets jobs start again that `limit_rate_for`, or the rate limit, holds back now.

        Returns:
            whether any were held back.
        """
        return bool(await self._connection.execute("DEL", self._keys.base + "limiter"))


def _span(setting: str, seconds: float) -> int:
    """Milliseconds, at least one."""
    milliseconds = to_milliseconds(check_seconds(setting, seconds))
    if milliseconds == 0:
        raise InvalidSetting(setting, seconds, "a millisecond or more, in seconds")
    return milliseconds
