"""Flows: what the end of a child means for its parent. Children and parents are added by BullMQ's scripts."""

from collections.abc import Callable

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job, postponed, released, retried
from differential.pair import Pair

from toril.types import Keep

PairMaker = Callable[..., Pair]
FLAGS = [None, "fpof", "cpof", "idof", "rdof"]
each_flag = pytest.mark.parametrize("flag", FLAGS)
each_capacity = pytest.mark.parametrize("capacity", [0, 1, 4])
keeps = pytest.mark.parametrize(
    "keep", [None, Keep(0), Keep(1), Keep(age=0.0)], ids=["all", "none", "one", "age 0"]
)


def add_parent(pair: Pair, job_id: str = "parent", parent: Parent | None = None, **options: object) -> None:
    pair.step("add_one", job_id, options, job_id=job_id, parent=parent, waits_for_children=True)


def add_child(pair: Pair, job_id: str, parent: Parent | None = None, **options: object) -> None:
    pair.step("add_one", job_id, options, job_id=job_id, parent=parent or Parent("parent"))


@each_capacity
@keeps
@pytest.mark.parametrize(
    "options", [{}, {"priority": 3}, {"delay": 5000}, {"delay": 5000, "priority": 3}], ids=str
)
@pytest.mark.parametrize("steering", ["free", "pause", "maxed"])
def test_the_last_completed_child_releases_its_parent(
    pair: Pair, options: dict, capacity: int, keep: Keep | None, steering: str
) -> None:
    add_parent(pair, **options)
    add_child(pair, "a")
    add_child(pair, "b")
    pair.step("add", [job()])
    pair.take(2)
    if steering == "pause":
        pair.step("pause")
    elif steering == "maxed":
        pair.step("set_concurrency", 1)
    pair.settle(completed("a", keep=keep), capacity=capacity)
    pair.check()
    pair.clock.advance(1)
    pair.settle(completed("b", keep=keep), capacity=capacity)
    pair.check()


@each_capacity
@each_flag
@pytest.mark.parametrize("keep", [None, Keep(0)], ids=["kept", "removed"])
@pytest.mark.parametrize("order", [("a", "b", "c"), ("b", "a", "c")], ids="".join)
def test_a_failed_child_does_what_its_flag_says(
    pair: Pair, flag: str | None, keep: Keep | None, order: tuple[str, ...], capacity: int
) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag=flag))
    add_child(pair, "b", Parent("parent", flag=flag))
    add_child(pair, "c")
    pair.take(3)
    endings = {"a": failed("a", keep=keep), "b": completed("b", keep=keep), "c": completed("c", keep=keep)}
    for job_id in order:
        pair.settle(endings[job_id], capacity=capacity)
        pair.check()


@each_capacity
@each_flag
def test_a_whole_family_ends_in_one_batch(pair: Pair, flag: str | None, capacity: int) -> None:
    add_parent(pair, priority=2)
    for child in "abc":
        add_child(pair, child, Parent("parent", flag=flag))
    pair.take(3)
    pair.settle(completed("a"), failed("b"), completed("c"), capacity=capacity)
    pair.check()


@each_flag
@pytest.mark.parametrize("options", [{}, {"priority": 3}, {"delay": 5000}], ids=str)
@pytest.mark.parametrize("steering", ["free", "pause", "maxed"])
def test_a_child_in_another_queue_settles_its_parent(
    pair: Pair, make_pair: PairMaker, flag: str | None, options: dict, steering: str
) -> None:
    children = make_pair("mix", beside=pair)
    add_parent(pair, **options)
    for child in "ab":
        add_child(children, child, Parent("parent", "paint", flag))
    if steering == "pause":
        pair.step("pause")
    elif steering == "maxed":
        pair.step("plant", "HSET", "meta", "concurrency", 0)
    children.take(2)
    children.settle(failed("a"))
    pair.check()
    children.settle(completed("b"), capacity=1)
    pair.check()
    children.check()
    pair.take()
    pair.check()


@each_flag
def test_a_grandparent_is_settled_through_its_child(pair: Pair, flag: str | None) -> None:
    add_parent(pair, "grandparent")
    add_parent(pair, "parent", Parent("grandparent", flag=flag))
    add_child(pair, "child", Parent("parent", flag=flag))
    pair.take()
    pair.settle(failed("child"), capacity=1)
    pair.check()
    pair.settle(failed("parent", reason="child failed"), capacity=1)
    pair.check()
    pair.settle(failed("grandparent"))
    pair.compare()


@each_capacity
def test_a_parent_that_was_started_again_cannot_complete_before_its_children(
    pair: Pair, capacity: int
) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag="cpof"))
    add_child(pair, "b")
    pair.take(2)
    pair.settle(failed("a"), capacity=1)
    reply = pair.settle(completed("parent"), capacity=capacity)
    assert reply.refused == [("parent", -4)]
    pair.check()
    pair.settle(completed("b"), completed("parent"), capacity=capacity)
    pair.check()


@each_capacity
def test_a_parent_with_a_failed_child_cannot_complete(pair: Pair, capacity: int) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag="fpof"))
    add_child(pair, "b")
    pair.take(2)
    pair.settle(failed("a"), completed("b"), capacity=1)
    assert pair.settle(completed("parent"), capacity=capacity).refused == [("parent", -9)]
    pair.check()
    pair.settle(failed("parent", reason="child a failed"), capacity=capacity)
    pair.check()


@each_capacity
@pytest.mark.parametrize("ending", [completed, failed, retried, postponed, released])
def test_an_active_parent_is_told_of_a_failed_child(pair: Pair, ending: Callable, capacity: int) -> None:
    """The child's failure and the parent's own end in one batch, either way round."""
    add_parent(pair)
    for child, flag in (("a", "cpof"), ("b", "fpof"), ("c", "fpof")):
        add_child(pair, child, Parent("parent", flag=flag))
    pair.take(3)
    pair.settle(failed("a"), capacity=1)
    pair.settle(failed("b"), ending("parent"), failed("c"), capacity=capacity)
    pair.check()


@each_flag
def test_a_delayed_parent_is_failed_at_once_only_by_fpof(pair: Pair, flag: str | None) -> None:
    add_parent(pair, delay=60_000)
    add_child(pair, "a", Parent("parent", flag="cpof"))
    add_child(pair, "b", Parent("parent", flag=flag))
    pair.take(2)
    pair.settle(failed("a"))
    pair.check()
    pair.settle(failed("b"), capacity=1)
    pair.check()


@each_flag
def test_a_parent_that_has_failed_already_is_left_alone(pair: Pair, flag: str | None) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag="cpof"))
    add_child(pair, "b", Parent("parent", flag=flag))
    pair.take(2)
    pair.settle(failed("a"), capacity=1)
    pair.settle(failed("parent"))
    pair.settle(failed("b"))
    pair.check()


@each_flag
@pytest.mark.parametrize("ending", [completed, failed])
@pytest.mark.parametrize("keep", [None, Keep(0)], ids=["kept", "removed"])
def test_a_parent_that_is_gone_hinders_nothing(
    pair: Pair, flag: str | None, ending: Callable, keep: Keep | None
) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag=flag))
    pair.take()
    pair.step("forget", "parent")
    pair.step("plant", "ZREM", "waiting-children", "parent")
    pair.settle(ending("a", keep=keep), capacity=1)
    pair.compare()


@each_flag
@pytest.mark.parametrize("ending", [completed, failed])
def test_a_child_without_a_note_of_its_parent_finds_it_by_its_key(
    pair: Pair, flag: str | None, ending: Callable
) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag=flag))
    pair.take()
    pair.step("plant", "HDEL", "a", "parent")
    pair.settle(ending("a"), capacity=1)
    pair.check()


@pytest.mark.parametrize("note", ["no JSON", "7", "[]", "{}", '{"id":7,"queueKey":7}'])
@pytest.mark.parametrize("ending", [completed, failed])
def test_a_note_of_the_parent_that_cannot_be_read_is_as_good_as_none(
    pair: Pair, note: str, ending: Callable
) -> None:
    add_parent(pair)
    add_child(pair, "a")
    pair.step("add", [job()])
    pair.take(2)
    pair.expected.plant("HDEL", "a", "parent")
    pair.found.plant("HSET", "a", "parent", note)
    pair.settle(ending("a", keep=Keep(0)), completed("2"), capacity=1)
    pair.check()


@keeps
@each_flag
def test_a_child_that_is_evicted_later_is_waited_for_no_longer(
    pair: Pair, flag: str | None, keep: Keep | None
) -> None:
    """A failed child without a flag stays among its parent's dependencies until it is removed."""
    add_parent(pair, priority=4)
    add_child(pair, "a", Parent("parent", flag=flag))
    pair.step("add", [job(), job()])
    pair.take(3)
    pair.settle(failed("a"))
    pair.clock.advance(1)
    pair.settle(failed("2", keep=keep), failed("3", keep=keep), capacity=1)
    pair.check()


@each_capacity
@pytest.mark.parametrize("ending", [retried, postponed, released])
def test_a_child_that_will_run_again_keeps_its_parent_waiting(
    pair: Pair, ending: Callable, capacity: int
) -> None:
    add_parent(pair)
    add_child(pair, "a", Parent("parent", flag="fpof"))
    pair.take()
    pair.settle(ending("a"), capacity=capacity)
    pair.check()
