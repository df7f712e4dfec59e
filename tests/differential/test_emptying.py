"""Drain, clean and obliterate: many jobs removed at once."""

from collections.abc import Callable

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.pair import Differs, Pair

from support.keyspace import snapshot
from toril.types import JobState

PairMaker = Callable[..., Pair]
NIGHTLY = "repeat:nightly:1700000005000"


def add_next_run(pair: Pair, options: dict[str, int]) -> None:
    """The pending run of a schedule, as BullMQ files it."""
    pair.step("plant", "HSET", "repeat:nightly", "name", "clean")
    pair.step("plant", "ZADD", "repeat", 1_700_000_005_000, "nightly")
    pair.step("add_one", "clean", options, job_id=NIGHTLY)
    pair.step("plant", "HSET", NIGHTLY, "rjk", "nightly")


def in_every_state(pair: Pair, count: int = 3) -> None:
    pair.step("add", [job()] * (3 * count))
    for at in range(0, count, 200):
        some = min(200, count - at)
        done, lost = pair.take(some), pair.take(some)
        pair.settle(*map(completed, done), *map(failed, lost))
    pair.take(2)
    pair.step("add", [job(delay=5.0), job(priority=2)] * count)
    pair.step("add_log", "1", "a line")


def within(pair: Pair, elsewhere: bool, make_pair: PairMaker) -> Pair:
    return make_pair("mix", beside=pair) if elsewhere else pair


@pytest.mark.parametrize("count", [0, 3, 300])
@pytest.mark.parametrize("include_delayed", [False, True])
@pytest.mark.parametrize("steering", ["free", "paused", "aside"])
def test_draining_leaves_what_runs_and_what_has_ended(
    pair: Pair, count: int, include_delayed: bool, steering: str
) -> None:
    if count:
        in_every_state(pair, count)
        if steering == "aside":
            pair.step("put_aside")
            pair.step("add", [job()])
    if steering != "free":
        pair.step("pause")
    pair.step("drain", include_delayed)
    pair.check()
    assert pair.found.client.llen(pair.found.keys.wait) == 0


@pytest.mark.parametrize("options", [{"delay": 5000}, {"priority": 3}], ids=str)
def test_draining_spares_the_next_run_of_a_schedule(pair: Pair, options: dict) -> None:
    pair.step("add", [job(), job(delay=1.0), job(priority=3)])
    add_next_run(pair, options)
    pair.step("add", [job(), job(delay=9.0), job(priority=3)])
    pair.step("drain", True)
    pair.check()
    assert pair.found.client.exists(pair.found.keys.job(NIGHTLY))


def test_draining_spares_it_among_those_that_wait_too(pair: Pair) -> None:
    """BullMQ cuts the list at the wrong place: the run is lost, and the id of a job that is gone stays."""
    pair.step("add", [job()])
    add_next_run(pair, {})
    pair.step("add", [job()])
    pair.step("drain")
    with pytest.raises(Differs, match=f"expected \\['1'\\], found \\['{NIGHTLY}'\\]"):
        pair.compare()


@pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same queue", "another queue"])
@pytest.mark.parametrize("how", [("drain",), ("clean", JobState.WAITING)], ids=str)
def test_a_parent_goes_with_its_last_child_or_runs_in_another_queue(
    pair: Pair, make_pair: PairMaker, flag: str | None, elsewhere: bool, how: tuple
) -> None:
    children = within(pair, elsewhere, make_pair)
    pair.step("add_one", "gallery", {}, job_id="grandparent", waits_for_children=True)
    pair.step("add_one", "frame", {}, job_id="parent", parent=Parent("grandparent"), waits_for_children=True)
    pair.step("add_one", "frame", {}, job_id="another", waits_for_children=True)
    for child in "abc":
        children.step("add_one", "canvas", {}, job_id=child, parent=Parent("parent", "paint", flag))
    children.step("add_one", "canvas", {}, job_id="d", parent=Parent("another", "paint", flag))
    children.take()
    children.step(*how)
    children.settle(completed("a"))
    children.step("add_one", "canvas", {}, job_id="e", parent=Parent("another", "paint", flag))
    children.step(*how)
    pair.compare()


@pytest.mark.parametrize("mode", [{}, {"ttl": 60_000}, {"keepLastIfActive": True}], ids=str)
@pytest.mark.parametrize("how", ["drain", "clean", "obliterate"])
def test_jobs_that_go_give_their_deduplication_keys_back(pair: Pair, mode: dict, how: str) -> None:
    pair.step("add_one", "mix", {"de": {"id": "red", **mode}})
    pair.step("add_one", "mix", {"de": {"id": "blue", **mode}})
    pair.step("plant", "SET", "de:blue", "77")
    if how == "obliterate":
        pair.step("pause")
    pair.step(how, *([JobState.WAITING] if how == "clean" else []))
    pair.compare()
    assert not pair.found.client.exists(f"{pair.found.keys.base}de:red")


def test_a_parent_that_goes_gives_its_own_key_back(pair: Pair) -> None:
    """BullMQ leaves it: no job with that key is ever added again."""
    pair.step("add_one", "frame", {"de": {"id": "red"}}, job_id="parent", waits_for_children=True)
    pair.step("add_one", "canvas", {}, job_id="a", parent=Parent("parent"))
    pair.step("drain")
    with pytest.raises(Differs, match="de:red: missing"):
        pair.check()


@pytest.mark.parametrize("state", [each for each in JobState if each is not JobState.WAITING_CHILDREN])
@pytest.mark.parametrize("grace", [0.0, 10.0, 1000.0])
def test_cleaning_removes_what_is_old_enough(pair: Pair, state: JobState, grace: float) -> None:
    in_every_state(pair)
    pair.clock.advance(20)
    if state is not JobState.WAITING:
        in_every_state(pair)
    if state is JobState.ACTIVE:
        for lock in pair.found.client.lrange(pair.found.keys.active, 0, 1):
            pair.step("forget", f"{lock.decode()}:lock")
    pair.step("clean", state, grace)
    pair.check()


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.DELAYED, JobState.PRIORITIZED, JobState.FAILED])
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_cleaning_removes_no_more_than_its_limit(pair: Pair, state: JobState, limit: int) -> None:
    in_every_state(pair)
    pair.step("clean", state, 0.0, limit)
    pair.check()


@pytest.mark.parametrize("state", [JobState.WAITING, JobState.COMPLETED, JobState.DELAYED])
@pytest.mark.parametrize("limit", [None, 251, 300])
def test_cleaning_many_takes_many_calls(pair: Pair, state: JobState, limit: int | None) -> None:
    options = {"delay": 5.0} if state is JobState.DELAYED else {}
    pair.step("add", [job(**options) for _ in range(620)])
    while state is JobState.COMPLETED and (ids := pair.take(200)):
        pair.settle(*map(completed, ids))
    assert len(pair.step("clean", state, 0.0, limit)) == (limit or 620)
    pair.check()


@pytest.mark.parametrize("options", [{"delay": 5000}, {"priority": 3}, {}], ids=str)
def test_cleaning_spares_the_next_run_of_a_schedule(pair: Pair, options: dict) -> None:
    pair.step("add", [job(), job(delay=1.0), job(priority=3)])
    add_next_run(pair, options)
    pair.step("add", [job(), job(delay=9.0), job(priority=3)])
    for state in (JobState.WAITING, JobState.DELAYED, JobState.PRIORITIZED):
        pair.step("clean", state)
    pair.check()
    assert pair.found.client.exists(pair.found.keys.job(NIGHTLY))


def test_cleaning_with_a_limit_looks_past_what_is_spared(pair: Pair) -> None:
    """BullMQ looks at as many as it may remove, and at no more."""
    pair.step("add", [job()] * 3)
    pair.take(3)
    for job_id in "23":
        pair.found.forget(f"{job_id}:lock")
        pair.expected.forget(f"{job_id}:lock")
    assert pair.expected.clean(JobState.ACTIVE, 0.0, 1) == []
    assert pair.found.clean(JobState.ACTIVE, 0.0, 1) == ["2"]
    assert pair.found.clean(JobState.ACTIVE, 0.0, 1) == ["3"]


def test_times_are_compared_as_numbers(pair: Pair) -> None:
    """BullMQ compares them as texts: with a grace of 30 years, it removes what has just come."""
    pair.step("add", [job()])
    years = 30 * 365 * 86_400.0
    assert pair.expected.clean(JobState.WAITING, years) == ["1"]
    assert pair.found.clean(JobState.WAITING, years) == []


def test_cleaning_finds_what_an_older_bullmq_put_aside(pair: Pair) -> None:
    pair.step("add", [job()] * 3)
    pair.step("put_aside")
    assert pair.found.clean(JobState.WAITING) == ["3", "2", "1"]
    assert not pair.found.client.exists(f"{pair.found.keys.base}paused")


@pytest.mark.parametrize("count", [0, 2, 300])
@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("pauses", [False, True])
@pytest.mark.parametrize("runs", [False, True])
def test_obliterating_takes_all_if_it_may(
    pair: Pair, count: int, force: bool, pauses: bool, runs: bool
) -> None:
    if count:
        in_every_state(pair, count)
        add_next_run(pair, {"delay": 5000})
    if not runs:
        pair.settle(*map(completed, [job_id.decode() for job_id in reversed(active(pair))]))
    if pauses:
        pair.step("pause")
    answer = pair.step("obliterate", force)
    pair.check()
    allowed = pauses and (force or not (runs and count))
    assert answer == ("done" if allowed else "busy" if pauses else "not paused")
    if allowed:
        assert snapshot(pair.found.client, pair.found.keys.prefix) == {}


def test_obliterating_takes_parents_and_limits_too(pair: Pair) -> None:
    """BullMQ leaves them."""
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    pair.step("limit_rate_for", 60.0)
    pair.step("pause")
    pair.step("obliterate")
    assert len(snapshot(pair.expected.client, pair.expected.keys.prefix)) == 3
    assert snapshot(pair.found.client, pair.found.keys.prefix) == {}


def active(pair: Pair) -> list[bytes]:
    return pair.expected.client.lrange(pair.expected.keys.active, 0, -1)
