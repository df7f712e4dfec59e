"""Cancelling: a job that waits is removed, as BullMQ's removeJob removes it; all others are left alone."""

from collections.abc import Callable

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.pair import Pair

PairMaker = Callable[..., Pair]


@pytest.mark.parametrize("options", [{}, {"delay": 5.0}, {"priority": 3}, {"lifo": True}], ids=str)
@pytest.mark.parametrize("steering", ["free", "pause"])
def test_a_job_that_waits_is_removed(pair: Pair, options: dict, steering: str) -> None:
    pair.step("add", [job(), job(**options), job()])
    pair.step("add_log", "2", "a line")
    if steering == "pause":
        pair.step("pause")
    assert pair.step("cancel", "2") == "removed"
    assert pair.step("cancel", "2") is None
    pair.check()


def test_a_job_that_does_not_wait_is_left_alone(pair: Pair) -> None:
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    pair.step("add", [job()] * 3)
    pair.take(3)
    pair.step("add_one", "canvas", {}, parent=Parent("parent"))
    pair.settle(completed("2"), failed("3"))
    states = {"parent": "waiting-children", "2": "completed", "3": "failed", "9": None}
    for job_id, state in states.items():
        assert pair.step("cancel", job_id) == state
    pair.check()


@pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])
@pytest.mark.parametrize("options", [{}, {"priority": 3}, {"delay": 5000}], ids=str)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same queue", "another queue"])
def test_a_cancelled_child_is_waited_for_no_longer(
    pair: Pair, make_pair: PairMaker, flag: str | None, options: dict, elsewhere: bool
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    pair.step("add_one", "frame", options, job_id="parent", waits_for_children=True)
    for child in "ab":
        children.step("add_one", "canvas", {}, job_id=child, parent=Parent("parent", "paint", flag))
    for child in "ab":
        children.step("cancel", child)
        pair.check()


@pytest.mark.parametrize("mode", [{}, {"ttl": 60_000}, {"keepLastIfActive": True}], ids=str)
def test_a_cancelled_job_gives_its_deduplication_key_back(pair: Pair, mode: dict) -> None:
    for _ in range(2):
        pair.step("add_one", "mix", {"de": {"id": "colour", **mode}})
    pair.step("plant", "HSET", "dn:colour", "name", "mix")
    pair.step("cancel", "1")
    pair.check()


def test_a_key_that_another_job_holds_by_now_is_left(pair: Pair) -> None:
    pair.step("add_one", "mix", {"de": {"id": "colour"}})
    pair.step("add", [job(job_id="other")])
    pair.step("plant", "SET", "de:colour", "other")
    pair.step("cancel", "1")
    pair.check()


@pytest.mark.parametrize("is_next_run", [True, False])
def test_the_next_run_of_a_schedule_cannot_be_cancelled(pair: Pair, is_next_run: bool) -> None:
    job_id = "repeat:nightly:1700000005000"
    pair.step("add_one", "clean", {"delay": 5000}, job_id=job_id)
    pair.step("plant", "HSET", job_id, "rjk", "nightly")
    pair.step("plant", "ZADD", "repeat", 1_700_000_005_000 if is_next_run else 5, "nightly")
    pair.step("plant", "HSET", "repeat:nightly", "ic", 1)
    assert pair.step("cancel", job_id) == ("scheduled" if is_next_run else "removed")
    pair.check()
