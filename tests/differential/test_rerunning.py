"""Retrying and promoting, one job or all of them."""

from collections.abc import Callable, Sequence

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.pair import Differs, Pair

from toril.types import JobState

PairMaker = Callable[..., Pair]
STEERINGS = ["free", "paused", "maxed"]


def end_all(pair: Pair, jobs: Sequence[object], ending: Callable = failed) -> None:
    ids = pair.step("add", jobs)
    for at in range(0, len(ids), 200):
        pair.take(200)
        pair.settle(*[ending(job_id) for job_id in ids[at : at + 200]])
        pair.clock.advance(0.001)


def steer(pair: Pair, how: str) -> None:
    if how == "paused":
        pair.step("pause")
    elif how == "maxed":
        pair.step("add", [job(lifo=True)])
        pair.take()
        pair.step("set_concurrency", 1)
    pair.step("forget", "marker")


@pytest.mark.parametrize("ending", [completed, failed])
@pytest.mark.parametrize("options", [{}, {"priority": 3}, {"lifo": True}, {"delay": 0.001}], ids=str)
@pytest.mark.parametrize("steering", STEERINGS)
@pytest.mark.parametrize("resets", [(False, False), (True, False), (True, True)])
def test_a_finished_job_runs_again(
    pair: Pair, ending: Callable, options: dict, steering: str, resets: tuple[bool, bool]
) -> None:
    pair.step("add", [job(**options)])
    pair.clock.advance(1)
    pair.take()
    pair.settle(ending("1"))
    pair.step("add", [job(), job(priority=3)])
    steer(pair, steering)
    assert pair.step("retry", "1", *resets) == "done"
    pair.check()
    pair.step("resume")
    pair.step("set_concurrency", None)
    pair.take(4)
    pair.settle(failed("1", attempts=2))
    pair.check()


def test_a_job_that_has_not_ended_is_not_retried(pair: Pair) -> None:
    pair.step("add", [job(), job(priority=3), job(delay=5.0), job()])
    pair.take()
    states = {"1": "active", "2": "prioritized", "3": "delayed", "4": "waiting", "9": None}
    for job_id, state in states.items():
        assert pair.step("retry", job_id) == state
    pair.check()


@pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])
@pytest.mark.parametrize("ending", [completed, failed])
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same queue", "another queue"])
@pytest.mark.parametrize("how", ["retry", "retry_all"])
def test_a_parent_waits_again_for_a_child_that_is_retried(
    pair: Pair, make_pair: PairMaker, flag: str | None, ending: Callable, elsewhere: bool, how: str
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    for child in "ab":
        children.step("add_one", "canvas", {}, job_id=child, parent=Parent("parent", "paint", flag))
    children.take(2)
    children.settle(ending("a"))
    state = JobState.COMPLETED if ending is completed else JobState.FAILED
    children.step(*(("retry", "a") if how == "retry" else ("retry_all", state)))
    pair.check()
    children.settle(completed("b"))
    children.take(2)
    children.settle(completed("a"), completed("parent"))
    pair.check()


def test_a_retried_child_whose_parent_is_gone_just_runs(pair: Pair) -> None:
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    for child in "ab":
        pair.step("add_one", "canvas", {}, job_id=child, parent=Parent("parent"))
    pair.take(2)
    pair.settle(failed("a"), completed("b"))
    pair.step("remove", "parent", False)
    assert pair.step("retry", "a") == "done"
    assert pair.step("retry", "b") == "done"
    pair.check()


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.COMPLETED])
@pytest.mark.parametrize("count", [0, 1, 3, 600])
@pytest.mark.parametrize("steering", STEERINGS)
def test_all_finished_jobs_run_again(pair: Pair, state: JobState, count: int, steering: str) -> None:
    end_all(pair, [job()] * count, failed if state is JobState.FAILED else completed)
    end_all(pair, [job()] * 2, completed if state is JobState.FAILED else failed)
    steer(pair, steering)
    pair.step("retry_all", state)
    pair.check()


def test_only_those_that_ended_early_enough_run_again(pair: Pair) -> None:
    end_all(pair, [job()] * 3)
    before = pair.clock.now
    pair.clock.advance(10)
    end_all(pair, [job()] * 3)
    pair.step("retry_all", JobState.FAILED, before)
    pair.check()
    assert len(pair.take(9)) == 3


def test_of_many_those_with_a_priority_keep_it(pair: Pair) -> None:
    end_all(pair, [job(priority=2), job(), job(priority=1), job()])
    pair.step("retry_each")
    pair.check()
    assert pair.take(4) == ["2", "4", "3", "1"]


def test_bullmq_forgets_the_priority_of_many(pair: Pair) -> None:
    """The deliberate difference, and that it is still one."""
    end_all(pair, [job(priority=2)])
    pair.step("retry_all")
    with pytest.raises(Differs, match="prioritized: not expected"):
        pair.check()


@pytest.mark.parametrize("options", [{}, {"priority": 3}], ids=str)
@pytest.mark.parametrize("steering", STEERINGS)
def test_a_delayed_job_is_promoted(pair: Pair, options: dict, steering: str) -> None:
    pair.step("add", [job(), job(delay=50.0, **options), job(delay=60.0), job(priority=3)])
    steer(pair, steering)
    assert pair.step("promote", "2") == "done"
    pair.check()
    assert pair.step("promote", "2") == ("prioritized" if options else "waiting")
    pair.check()


def test_what_is_not_delayed_is_not_promoted(pair: Pair) -> None:
    pair.step("add", [job(), job(), job()])
    pair.take(2)
    pair.settle(completed("1"))
    for job_id, state in {"1": "completed", "2": "active", "3": "waiting", "9": None}.items():
        assert pair.step("promote", job_id) == state
    pair.check()


@pytest.mark.parametrize("count", [0, 3, 600])
@pytest.mark.parametrize("steering", STEERINGS)
def test_all_delayed_jobs_are_promoted(pair: Pair, count: int, steering: str) -> None:
    pair.step("add", [job(delay=50.0 - number % 7, priority=number % 3) for number in range(count)])
    pair.step("add", [job()])
    steer(pair, steering)
    pair.step("promote_all")
    pair.check()


@pytest.mark.parametrize("operation", ["retry_all", "promote_all"])
def test_ids_whose_job_is_gone_do_not_run_again(pair: Pair, operation: str) -> None:
    for state in ("failed", "delayed"):
        pair.found.plant("ZADD", state, 5, "ghost")
    getattr(pair.found, operation)()
    state = "failed" if operation == "retry_all" else "delayed"
    assert not pair.found.client.exists(pair.found.keys.base + state, pair.found.keys.wait)
