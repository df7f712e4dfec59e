"""Random programs over everything that a queue goes through, as values that a person can read.

A program is a list of steps. Steps name jobs by their place among those that are active, so that a program
stays meaningful while hypothesis takes steps out of it.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any, NamedTuple

from differential.adding import Parent
from differential.jobs import completed, failed, job, limited, parked, postponed, released, retried
from differential.pair import TOKEN, Pair

from toril.bull.outcomes import Outcome
from toril.bull.schedules import JobTemplate
from toril.types import Keep, Schedule
from toril.types.job_options import JobOptions

ENDINGS = {
    "completed": completed,
    "failed": failed,
    "retried": retried,
    "postponed": postponed,
    "released": released,
    "limited": limited,
    "parked": parked,
}


class Ending(NamedTuple):
    """How one run ends: of the job at place `which` among the active ones, or of one named by its id."""

    how: str
    which: int | str = 0
    keep: Keep | None = None
    delay: float = 0.0
    token: str = TOKEN

    def outcome(self, active: Sequence[str]) -> Outcome:
        job_id = self.which if isinstance(self.which, str) else _at(active, self.which) or "1"
        words: dict[str, Any] = {"token": self.token}
        if self.how in ("completed", "failed"):
            words["keep"] = self.keep
        if self.how == "postponed":
            words["delay"] = self.delay
        return ENDINGS[self.how](job_id, **words)


class Add(NamedTuple):
    jobs: list[dict[str, Any]]

    def take_on(self, pair: Pair) -> None:
        pair.step("add", [job(**options) for options in self.jobs])


class AddWithKey(NamedTuple):
    """A job with a deduplication key, as BullMQ adds it."""

    key: str
    mode: dict[str, Any]
    options: dict[str, Any]

    def take_on(self, pair: Pair) -> None:
        pair.step("add_one", "mix", {**self.options, "de": {"id": self.key, **self.mode}})


class AddFlow(NamedTuple):
    """A parent with children, as BullMQ adds it; `flags` are the children's."""

    flags: list[str | None]
    parent_id: str
    elsewhere: bool
    options: dict[str, Any]

    def take_on(self, pair: Pair) -> None:
        home = pair.beside if self.elsewhere and pair.beside else pair
        home.step("add_one", "frame", self.options, job_id=self.parent_id, waits_for_children=True)
        queue = home.expected.keys.queue
        for flag in self.flags:
            pair.step("add_one", "canvas", {}, parent=Parent(self.parent_id, queue, flag))


class Settle(NamedTuple):
    """Settles some jobs and takes others."""

    endings: list[Ending]
    capacity: int = 0

    def take_on(self, pair: Pair) -> None:
        active = _active(pair)
        pair.settle(*[ending.outcome(active) for ending in self.endings], capacity=self.capacity)


class Work(NamedTuple):
    """Takes jobs, ends them as `hows` says in turn, and takes others with that."""

    takes: int
    hows: list[str]
    keep: Keep | None
    capacity: int

    def take_on(self, pair: Pair) -> None:
        endings = zip(pair.take(self.takes), cycle(self.hows), strict=False)
        outcomes = [Ending(how, job_id, self.keep, 1.0).outcome([]) for job_id, how in endings]
        pair.settle(*outcomes, capacity=self.capacity)


class Steer(NamedTuple):
    """Anything that a dashboard does, or that time does to keys."""

    operation: str
    arguments: tuple[Any, ...] = ()

    def take_on(self, pair: Pair) -> None:
        pair.step(self.operation, *self.arguments)


class RemoveChildren(NamedTuple):
    """Not where several are left: the order in which they go is that of a set, which on Redis 6 is any."""

    parent_id: str

    def take_on(self, pair: Pair) -> None:
        if pair.expected.client.scard(pair.expected.keys.dependencies(self.parent_id)) <= 1:
            pair.step("remove_unprocessed_children", self.parent_id)


class Drain(NamedTuple):
    """Not while a run of a schedule waits: BullMQ then spares another job in its place (PARITY.md)."""

    include_delayed: bool = False

    def take_on(self, pair: Pair) -> None:
        waiting = pair.expected.client.lrange(pair.expected.keys.wait, 0, -1)
        if not any(job_id.startswith(b"repeat:") for job_id in waiting):
            pair.step("drain", self.include_delayed)


class LoseLock(NamedTuple):
    """The worker of the active job at place `which` is gone."""

    which: int

    def take_on(self, pair: Pair) -> None:
        if job_id := _at(_active(pair), self.which):
            pair.step("forget", f"{job_id}:lock")


class RecoverStalled(NamedTuple):
    def take_on(self, pair: Pair) -> None:
        pair.step("forget", "stalled-check")
        pair.step("recover_stalled")


class RenewLocks(NamedTuple):
    token: str = TOKEN

    def take_on(self, pair: Pair) -> None:
        if active := _active(pair):
            pair.step("renew_locks", [(job_id, self.token) for job_id in active])


class Tell(NamedTuple):
    job_id: str
    fraction: float

    def take_on(self, pair: Pair) -> None:
        pair.step("update_progress", self.job_id, self.fraction)
        pair.step("add_log", self.job_id, f"at {self.fraction}")


class Cancel(NamedTuple):
    """Not of a job that runs, which BullMQ cannot cancel from outside."""

    job_id: str

    def take_on(self, pair: Pair) -> None:
        if self.job_id not in _active(pair):
            pair.step("cancel", self.job_id)


PLANS = {"tick": Schedule.every(3.0), "minutely": Schedule.cron("* * * * *", tz="UTC")}


class SetSchedule(NamedTuple):
    """Has jobs made again and again; not while the queue is paused, where BullMQ is at fault (PARITY.md)."""

    name: str
    options: dict[str, Any]

    def take_on(self, pair: Pair) -> None:
        client, keys = pair.expected.client, pair.expected.keys
        if not client.hexists(keys.meta, "paused"):
            template = JobTemplate("sweep", b"{}", JobOptions(**self.options))
            pair.step("set_schedule", self.name, PLANS[self.name], template)


class ContinueSchedules(NamedTuple):
    """The workers of the runs that are active have the next ones made."""

    def take_on(self, pair: Pair) -> None:
        for job_id in _active(pair):
            if job_id.startswith("repeat:"):
                pair.step("continue_schedule", job_id, job_id.split(":")[1])


class Wait(NamedTuple):
    seconds: float

    def take_on(self, pair: Pair) -> None:
        pair.steps.append(f"clock: advance({self.seconds})")
        pair.clock.advance(self.seconds)


class Elsewhere(NamedTuple):
    """A step in the other queue."""

    step: Any

    def take_on(self, pair: Pair) -> None:
        self.step.take_on(pair.beside or pair)


Program = list[Any]


def run(program: Program, pair: Pair, *, check_each_step: bool = False) -> None:
    """Takes the steps on both sides, and compares both keyspaces at the end.

    Raises:
        Differs: an answer or a key differs.
    """
    for step in program:
        step.take_on(pair)
        if check_each_step:
            pair.check()
    pair.check()
    if pair.beside:
        pair.beside.check()


def _active(pair: Pair) -> list[str]:
    """The ids of the active jobs, those first that have run longest."""
    ids = pair.expected.client.lrange(pair.expected.keys.active, 0, -1)
    return [job_id.decode() for job_id in reversed(ids)]


def _at(active: Sequence[str], place: int) -> str | None:
    return active[place % len(active)] if active else None
