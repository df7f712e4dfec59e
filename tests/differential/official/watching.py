"""Watching, as BullMQ's scripts and the getters above them do it."""

from differential.official.queue import OfficialQueue

CHILDREN = ("processed", "unprocessed", "ignored", "failed")
# BullMQ's own clients look on so often for jobs in the place of those that are gone.
BACKFILLS = 5
STATES = "completed failed delayed active wait paused waiting-children prioritized"


class OfficialWatching(OfficialQueue):
    """What people, dashboards and autoscalers ask of a queue."""

    def counts(self, *states: str) -> list[int]:
        """How many jobs are in each state; `waiting` with those in the list of an older BullMQ's pause."""
        names = [_place(state) for state in states]
        counts = self._run("getCounts-1", "", [*names, "paused"])
        paused = counts.pop()
        return [count + paused * (name == "wait") for count, name in zip(counts, names, strict=True)]

    def counts_per_priority(self, *priorities: int) -> list[int]:
        return self._run("getCountsPerPriority-2", "wait prioritized", priorities)

    def jobs(self, state: str, start: int, limit: int, *, newest_first: bool = False) -> list[str]:
        """A page of the jobs in a state: their ids."""
        order = "0" if newest_first else "1"
        [page] = self._run("getJobs-1", "", [start, start + limit - 1, order, BACKFILLS, _place(state)])
        return [job_id.decode() for job_id, _ in page]

    def state(self, job_id: str) -> str | None:
        state = self._run("getStateV2-8", STATES, [job_id, self.keys.job(job_id)]).decode()
        return None if state == "unknown" else state

    def logs(
        self, job_id: str, start: int, limit: int, *, newest_first: bool = False
    ) -> tuple[list[str], int]:
        """A page of a job's log and its length, by the commands of `getJobLogs`."""
        key, last = self.keys.logs(job_id), start + limit - 1
        first, end = (-(last + 1), -(start + 1)) if newest_first else (start, last)
        lines = [line.decode() for line in self.client.lrange(key, first, end)]
        return lines[::-1] if newest_first else lines, self.client.llen(key)

    def metrics(self, state: str, start: int = 0, limit: int = 10_000) -> tuple[list[int], list[int], int]:
        """`getMetrics`: count, prevTS and prevCount; the points, newest first; how many there are."""
        names = f"metrics:{state} metrics:{state}:data"
        meta, points, stored = self._run("getMetrics-2", names, [start, start + limit - 1])
        return [int(value or 0) for value in meta], [int(point or 0) for point in points], stored

    def rate_limited_for(self, most_jobs: int | None = None) -> float:
        """`getRateLimitTtl` in seconds, rounded; what is no time is 0."""
        reply = self._run("getRateLimitTtl-2", "limiter meta", [most_jobs or "0"])
        return round(max(reply, 0) / 1000, -1)

    def children_counts(self, job_id: str) -> list[int]:
        names = f"{job_id}:processed {job_id}:dependencies {job_id}:failed {job_id}:unsuccessful"
        return self._run("getDependencyCounts-4", names, CHILDREN)

    def children(self, job_id: str, state: str) -> list[tuple[str, str | None]]:
        """All children of a kind with what came of them, sorted; read as `getDependencies` reads them."""
        base = self.keys.job(job_id)
        match state:
            case "processed":
                found = list(self.client.hgetall(f"{base}:processed").items())
            case "ignored":
                found = list(self.client.hgetall(f"{base}:failed").items())
            case "unprocessed":
                found = [(key, None) for key in self.client.smembers(f"{base}:dependencies")]
            case _:
                found = [(key, None) for key in self.client.zrange(f"{base}:unsuccessful", 0, -1)]
        readable = ((self._readable(key), None if value is None else value.decode()) for key, value in found)
        return sorted(readable)

    def deduplication_holder(self, key: str) -> str | None:
        """`getDeduplicationJobId`."""
        job_id = self.client.get(f"{self.keys.base}de:{key}")
        return None if job_id is None else job_id.decode()

    def meta(self) -> tuple[bool, int | None, tuple[int, int] | None, int]:
        """`getMeta` and `getGlobalRateLimit`: paused, concurrency, (jobs, ms), longest event stream."""
        found = {name.decode(): value.decode() for name, value in self.client.hgetall(self.keys.meta).items()}
        concurrency, most, duration = (found.get(name) for name in ("concurrency", "max", "duration"))
        return (
            found.get("paused") == "1",
            int(concurrency) if concurrency else None,
            (int(most), int(duration)) if most and duration else None,
            int(found.get("opts.maxLenEvents", 10_000)),
        )

    def _readable(self, key: bytes | str) -> str:
        name = key.decode() if isinstance(key, bytes) else key
        return name.removeprefix(self.keys.prefix)


def _place(state: str) -> str:
    return "wait" if state == "waiting" else state
