"""What holds for a whole queue, over all its workers."""

from dataclasses import dataclass

from toril.bull.codec import from_milliseconds, optional_count, seconds, text
from toril.bull.codec.fields import MOST_EVENTS
from toril.bull.inspect.reader import QueueReader
from toril.bull.intake import RateLimit

BULLMQ_MAX_EVENTS = 10_000
# What the count of started jobs is set to by those who limit a queue by hand: no limit is higher.
LIMITED_BY_HAND = 2**53 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMeta:
    """What was set for a whole queue.

    Attributes:
        paused: no job is started.
        concurrency: how many jobs may run at once, over all workers; None for any number.
        rate_limit: how many may start in how long, over all workers; None if no such limit is set.
        most_events: about how many entries the event stream keeps.
        version: the client that opened the queue last and says so, as `bullmq:6.7.0`.
    """

    paused: bool = False
    concurrency: int | None = None
    rate_limit: RateLimit | None = None
    most_events: int = BULLMQ_MAX_EVENTS
    version: str | None = None


class MetaReader(QueueReader):
    """Reads what was set for a whole queue, and who holds its deduplication keys."""

    async def meta(self) -> QueueMeta:
        """What was set for the queue: by Node, by `QueueAdmin`, or by nobody."""
        fields = ("paused", "concurrency", "max", "duration", MOST_EVENTS, "version")
        reply: list[bytes | None] = await self._connection.execute("HMGET", self.keys.meta, *fields)
        paused, concurrency, most, duration, events, version = reply
        jobs, window = optional_count(most), seconds(duration)
        most_events = optional_count(events)
        return QueueMeta(
            # Scripts ask whether the field is there, whatever it holds.
            paused=paused is not None,
            concurrency=optional_count(concurrency),
            rate_limit=RateLimit(jobs, window) if jobs and window > 0 else None,
            most_events=BULLMQ_MAX_EVENTS if most_events is None else most_events,
            version=None if version is None else text(version),
        )

    async def rate_limited_for(self, most_jobs: int | None = None) -> float:
        """For how many seconds no job may start because of a rate limit; 0.0 if jobs may start.

        Args:
            most_jobs: the limit that workers bring along. Without it, it is the one set for the queue; where
                there is none either, a window that runs counts as full. LIMITED_BY_HAND leaves such out.
        """
        arguments = ["" if most_jobs is None else most_jobs]
        return from_milliseconds(await self._run("read_rate_limit", arguments))

    async def deduplication_holder(self, key: str) -> str | None:
        """The id of the job that holds a deduplication key: others with that key are not added meanwhile."""
        job_id: bytes | None = await self._connection.execute("GET", self.keys.deduplication(key))
        return None if job_id is None else text(job_id)
