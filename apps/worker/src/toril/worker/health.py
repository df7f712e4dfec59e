"""How a worker is doing, as its health endpoint and those who watch it read it."""

from dataclasses import dataclass

# An event loop that is held up for longer starves every other job of the process.
MOST_LOOP_LAG = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """How one worker is doing at one moment. Durations are seconds.

    Attributes:
        queue, name: which worker it is.
        is_running: its `run` is under way.
        is_connected: Redis answers, as far as the worker has found out.
        is_paused: it takes no jobs until it is resumed.
        is_stopping: it was told to stop.
        running: how many jobs run.
        stuck: the ids of jobs whose handlers go on although they were cancelled.
        loop_lag: by how much the event loop is late; it grows for as long as a handler blocks it.
        renewal_lag: by how much the renewal of the locks is late; 0 if it is not.
        lock_duration: how long a lock lasts without renewal.
    """

    queue: str
    name: str | None
    is_running: bool
    is_connected: bool
    is_paused: bool
    is_stopping: bool
    running: int
    stuck: tuple[str, ...]
    loop_lag: float
    renewal_lag: float
    lock_duration: float

    @property
    def is_consuming(self) -> bool:
        """Whether it takes jobs: what readiness means."""
        return self.is_running and self.is_connected and not self.is_paused and not self.is_stopping

    @property
    def is_healthy(self) -> bool:
        """Whether it can go on as it is: what liveness means. One that waits for Redis can."""
        return not self.faults

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with it, in words; nothing if it is healthy."""
        found: list[str] = []
        if self.loop_lag > MOST_LOOP_LAG:
            found.append(f"the event loop is held up, for {self.loop_lag:.1f} s by now: a handler blocks it")
        if self.is_connected and self.renewal_lag > self.lock_duration / 3:
            found.append(f"locks are renewed {self.renewal_lag:.1f} s too late")
        if self.stuck:
            found.append(f"{len(self.stuck)} cancelled handlers go on: jobs {', '.join(self.stuck[:10])}")
        return tuple(found)
