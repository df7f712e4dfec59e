"""How a worker works. Durations are seconds."""

from dataclasses import dataclass

from toril.bull.intake import RateLimit
from toril.types import Keep

# The longest time that BullMQ has a name for.
MOST_METRICS_MINUTES = 80_640
LONGEST_LIMIT = 365 * 86_400.0
# A worker that stops waits little longer for the runs that it has cancelled.
LONGEST_KILL_AFTER = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """The settings of one worker.

    Args:
        concurrency: how many jobs may run at once.
        name: stands in each job that the worker processed, and in the list of workers; None for neither,
            which saves Redis a few bytes a job.
        lock_duration: how long a lock lasts without renewal; a job of a worker that died runs again within
            this and two stalled intervals, 20 s by default. (BullMQ's own defaults are 30 s and 30 s.)
        stalled_interval: how often one worker of the queue looks for such jobs.
        most_stalls: how often a job may lose its worker before it is failed.
        most_starts: how often a job may be started in all, whatever its attempts; None for any number. Starts
            that burnt no attempt count too.
        grace: how long jobs may go on once the worker is stopped, before they are handed back.
        unknown_grace: how long a job that no handler knows is put back before it is failed.
        keep_completed, keep_failed: for jobs that do not say so themselves; None keeps them for ever.
        limit: a rate limit over all workers of the queue.
        metrics_minutes: count the jobs that end, minute by minute, and keep so many minutes (BullMQ's
            `metrics`); None counts none. Give the same to all workers of a queue.
        child_processes: how many child processes there may be for handlers that run in them; by default as
            many as there are processors. A worker whose handlers all do takes no more jobs than that at once.
        child_memory_limit: bytes of memory that a child process may hold (its resident set, looked at five
            times a second); beyond that it is killed. None is any number.
        child_job_limit: how many jobs a child process runs before it is replaced; None is any number.
        child_kill_after: how long a child process may go on once its run is cancelled, before it is killed.

    Raises:
        ValueError: a value out of range.
    """

    concurrency: int = 1
    name: str | None = None
    lock_duration: float = 12.0
    stalled_interval: float = 4.0
    most_stalls: int = 1
    most_starts: int | None = None
    grace: float = 30.0
    unknown_grace: float = 600.0
    keep_completed: Keep | None = None
    keep_failed: Keep | None = None
    limit: RateLimit | None = None
    metrics_minutes: int | None = None
    child_processes: int | None = None
    child_memory_limit: int | None = None
    child_job_limit: int | None = None
    child_kill_after: float = 2.0

    def __post_init__(self) -> None:
        if not 1 <= self.concurrency <= 100_000:
            raise ValueError(f"concurrency is {self.concurrency}; it must lie between 1 and 100,000")
        for setting in ("lock_duration", "stalled_interval"):
            if not 0.1 <= getattr(self, setting) <= 86_400:
                raise ValueError(
                    f"{setting} is {getattr(self, setting)} s; it must lie between 0.1 s and a day"
                )
        for setting in ("grace", "unknown_grace", "most_stalls"):
            if not 0 <= getattr(self, setting) < float("inf"):
                raise ValueError(f"{setting} is {getattr(self, setting)}; it must be 0 or more")
        for setting in ("child_processes", "child_memory_limit", "child_job_limit"):
            value = getattr(self, setting)
            if value is not None and value < 1:
                raise ValueError(f"{setting} is {value}; it must be 1 or more, or None")
        if not 0 <= self.child_kill_after <= LONGEST_KILL_AFTER:
            raise ValueError(
                f"child_kill_after is {self.child_kill_after} s; from 0 to {LONGEST_KILL_AFTER:g} s"
            )
        if self.limit is not None:
            _check_limit(self.limit)
        if self.most_starts is not None and self.most_starts < 1:
            raise ValueError(f"most_starts is {self.most_starts}; it must be 1 or more, or None")
        if self.metrics_minutes is not None and not 1 <= self.metrics_minutes <= MOST_METRICS_MINUTES:
            raise ValueError(
                f"metrics_minutes is {self.metrics_minutes}; from 1 to {MOST_METRICS_MINUTES:,}, or None"
            )
        if self.name is not None and (not self.name or not self.name.isprintable() or " " in self.name):
            raise ValueError(f"worker name {self.name!r}: it must be printable and without spaces")


def _check_limit(limit: RateLimit) -> None:
    if limit.jobs < 1 or not 0.001 <= limit.duration <= LONGEST_LIMIT:
        raise ValueError(f"limit is {limit}; it must be 1 job or more, in a millisecond to a year")
