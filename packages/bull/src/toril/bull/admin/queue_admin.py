"""Steering a queue, its settings and its jobs."""

from toril.bull.admin.emptying import EmptyingSteering
from toril.bull.admin.jobs import JobSteering
from toril.bull.admin.orphans import OrphanSteering
from toril.bull.admin.pace import PaceSteering
from toril.bull.admin.rerunning import RerunningSteering
from toril.bull.admin.steering import check_count
from toril.bull.codec.fields import MOST_EVENTS


class QueueAdmin(PaceSteering, EmptyingSteering, RerunningSteering, OrphanSteering, JobSteering):
    """Changes one queue. Every method raises BrokerUnavailable if Redis does not answer."""

    async def release_deduplication(self, key: str, *, held_by: str | None = None) -> bool:
        """Frees a deduplication key, so that another job may be added with it.

        Args:
            held_by: only if the job of this id holds it.

        Returns:
            whether it was held.
        """
        return bool(await self._run("release_deduplication", key, held_by or ""))

    async def trim_events(self, most: int) -> int:
        """Drops the oldest events until about `most` are left, once.

        Returns:
            how many were dropped.

        Raises:
            InvalidSetting: less than 0.
        """
        count = check_count("events", most, least=0)
        return await self._connection.execute("XTRIM", self._keys.events, "MAXLEN", "~", count)

    async def keep_events(self, most: int) -> None:
        """From now on about `most` events are kept, the newest; BullMQ keeps 10,000 where nobody says.

        Node sets it anew whenever a Queue is made there, by its option for the length of the stream.

        Raises:
            InvalidSetting: less than 0.
        """
        count = check_count("events", most, least=0)
        await self._connection.execute("HSET", self._keys.meta, MOST_EVENTS, count)
