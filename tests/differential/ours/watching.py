"""Watching, through toril.bull."""

from differential.ours.queue import OurQueue

from toril.bull.codec import to_milliseconds
from toril.bull.inspect import Child, ChildState, QueueInspector
from toril.types import JobState


class OurWatching(OurQueue):
    """What people, dashboards and autoscalers ask of a queue."""

    @property
    def _inspector(self) -> QueueInspector:
        return QueueInspector(self._connection, self.keys)

    def counts(self, *states: str) -> list[int]:
        counts = self._wait_for(self._inspector.counts())
        return [counts.by_state[JobState(state)] for state in states]

    def counts_per_priority(self, *priorities: int) -> list[int]:
        counts = self._wait_for(self._inspector.counts_per_priority(priorities))
        return [counts[priority] for priority in priorities]

    def jobs(self, state: str, start: int, limit: int, *, newest_first: bool = False) -> list[str]:
        page = self._inspector.jobs(JobState(state), start=start, limit=limit, newest_first=newest_first)
        return [job.id for job in self._wait_for(page)]

    def state(self, job_id: str) -> str | None:
        return self._wait_for(self._inspector.state(job_id))

    def logs(
        self, job_id: str, start: int, limit: int, *, newest_first: bool = False
    ) -> tuple[list[str], int]:
        page = self._inspector.logs(job_id, start=start, limit=limit, newest_first=newest_first)
        return tuple(self._wait_for(page))

    def metrics(self, state: str, start: int = 0, limit: int = 10_000) -> tuple[list[int], list[int], int]:
        metrics = self._wait_for(self._inspector.metrics(JobState(state), start=start, limit=limit))
        until = metrics.counted_until
        milliseconds = 0 if until is None else to_milliseconds(until.timestamp())
        meta = [metrics.count, milliseconds, metrics.counted_before]
        return meta, list(metrics.points), metrics.stored_points

    def rate_limited_for(self, most_jobs: int | None = None) -> float:
        return round(self._wait_for(self._inspector.rate_limited_for(most_jobs)), -1)

    def children_counts(self, job_id: str) -> list[int]:
        counts = self._wait_for(self._inspector.children_counts(job_id))
        return [counts.processed, counts.unprocessed, counts.ignored, counts.failed]

    def children(self, job_id: str, state: str) -> list[tuple[str, str | None]]:
        children = self._wait_for(self._children(job_id, ChildState(state)))
        return sorted((self._readable(child.key), child.result or child.failed_reason) for child in children)

    def deduplication_holder(self, key: str) -> str | None:
        return self._wait_for(self._inspector.deduplication_holder(key))

    def meta(self) -> tuple[bool, int | None, tuple[int, int] | None, int]:
        meta = self._wait_for(self._inspector.meta())
        limit = meta.rate_limit
        rate = None if limit is None else (limit.jobs, to_milliseconds(limit.duration))
        return meta.paused, meta.concurrency, rate, meta.most_events

    async def _children(self, job_id: str, state: ChildState) -> list[Child]:
        return [child async for child in self._inspector.each_child(job_id, state)]
