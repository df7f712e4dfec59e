"""Jobs that leave `active` without having ended: to wait for children, or because of a limit elsewhere."""

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job, limited, parked
from differential.pair import Pair

OTHER_TOKEN = "worker:2"  # noqa: S105
each_capacity = pytest.mark.parametrize("capacity", [0, 1, 4])
each_flag = pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])


def take_parent_with_children(pair: Pair, *flags: str | None, **options: object) -> None:
    """The job `parent` runs, and has added a child for each flag."""
    pair.step("add", [job(job_id="parent", **options)])
    pair.take()
    for place, flag in enumerate(flags):
        pair.step("add_one", "canvas", {}, job_id=f"child{place}", parent=Parent("parent", flag=flag))


@each_capacity
@pytest.mark.parametrize("options", [{}, {"priority": 3}, {"attempts": 3}], ids=str)
def test_a_job_waits_for_the_children_that_it_has_added(pair: Pair, options: dict, capacity: int) -> None:
    take_parent_with_children(pair, None, None, **options)
    pair.settle(parked("parent"), capacity=capacity)
    pair.check()
    pair.take(2)
    pair.settle(completed("child0"), completed("child1"), capacity=2)
    pair.check()
    pair.take()
    pair.settle(completed("parent"))
    pair.check()


@each_capacity
@pytest.mark.parametrize("priority", [0, 2])
@pytest.mark.parametrize("steering", ["free", "pause"])
def test_a_job_whose_children_are_through_is_next_in_line(
    pair: Pair, capacity: int, priority: int, steering: str
) -> None:
    take_parent_with_children(pair, None, priority=priority)
    pair.step("add", [job(), job(priority=1), job(priority=2)])
    pair.take()
    pair.settle(completed("child0"))
    if steering == "pause":
        pair.step("pause")
    pair.settle(parked("parent"), capacity=capacity)
    pair.check()


@each_capacity
@each_flag
def test_a_job_whose_child_has_failed_parks_as_the_flag_says(
    pair: Pair, flag: str | None, capacity: int
) -> None:
    take_parent_with_children(pair, flag, None)
    pair.take(2)
    pair.settle(failed("child0"))
    pair.settle(parked("parent"), capacity=capacity)
    pair.check()
    pair.settle(completed("child1"), capacity=capacity)
    pair.check()


def test_a_job_without_its_lock_cannot_park(pair: Pair) -> None:
    take_parent_with_children(pair, None)
    pair.settle(parked("parent", token=OTHER_TOKEN))
    pair.check()
    pair.step("forget", "parent:lock")
    pair.settle(parked("parent"))
    pair.check()
    pair.settle(parked("nobody"))
    pair.check()


def test_a_job_that_is_parked_is_not_stalled(pair: Pair) -> None:
    take_parent_with_children(pair, None)
    pair.step("recover_stalled")
    pair.settle(parked("parent"))
    pair.step("forget", "stalled-check")
    assert pair.step("recover_stalled") == []
    pair.check()


@each_capacity
@pytest.mark.parametrize("priority", [0, 2])
@pytest.mark.parametrize("steering", ["free", "pause", "maxed"])
def test_a_job_that_met_a_limit_is_handed_back_and_none_starts(
    pair: Pair, capacity: int, priority: int, steering: str
) -> None:
    pair.step("add", [job(priority=priority), job(), job(delay=5.0)])
    taken = pair.take(2)
    if steering == "pause":
        pair.step("pause")
    elif steering == "maxed":
        pair.step("set_concurrency", 1)
    pair.settle(limited(taken[0]), completed(taken[1]), capacity=capacity)
    pair.check()
    pair.clock.advance(6.0)
    pair.take(3)
    pair.check()
    pair.step("forget", "limiter")
    pair.take(3)
    pair.check()


def test_a_limit_is_not_set_by_one_who_has_lost_the_job(pair: Pair) -> None:
    pair.step("add", [job(), job()])
    pair.take()
    pair.settle(limited("1", token=OTHER_TOKEN), limited("nobody"), capacity=1)
    pair.check()


def test_a_limit_of_the_queue_holds_beside_a_manual_one(pair: Pair) -> None:
    pair.step("set_rate_limit", 2, 60.0)
    pair.step("add", [job()] * 4)
    pair.take()
    pair.settle(limited("1"), capacity=2)
    pair.check()
    pair.step("forget", "limiter")
    pair.take(4)
    pair.check()
