"""Adding flows: our one call beside the scripts that BullMQ's FlowProducer runs in one transaction."""

from collections.abc import Callable

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.pair import Pair
from differential.trees import flow, node

from toril.types import Keep, OnFailure

pytestmark = pytest.mark.node

PairMaker = Callable[..., Pair]
each_policy = pytest.mark.parametrize("on_failure", list(OnFailure), ids=str)
each_steering = pytest.mark.parametrize("steering", ["free", "pause", "maxed"])
KINDS = [{}, {"delay": 5.0}, {"priority": 3}, {"delay": 5.0, "priority": 3}]


def steer(pair: Pair, how: str) -> None:
    if how == "pause":
        pair.step("pause")
    elif how == "maxed":
        pair.step("plant", "HSET", "meta", "concurrency", 0)


@each_policy
@pytest.mark.parametrize("own_ids", [True, False], ids=["own ids", "random ids"])
def test_a_parent_and_its_children_are_stored_as_node_stores_them(
    pair: Pair, on_failure: OnFailure, own_ids: bool
) -> None:
    children = [node(name, on_failure=on_failure) for name in "abc"]
    pair.step("add_flow", flow(node("root", *children), own_ids=own_ids))
    pair.check()


@each_steering
@pytest.mark.parametrize("parent", KINDS, ids=str)
@pytest.mark.parametrize("child", [*KINDS, {"lifo": True}], ids=str)
def test_each_job_waits_as_its_options_say(pair: Pair, parent: dict, child: dict, steering: str) -> None:
    pair.step("add", [job(), job(priority=3)])
    steer(pair, steering)
    pair.step("add_flow", flow(node("root", node("a", **child), node("b"), node("c", **child), **parent)))
    pair.check()


@each_policy
def test_a_nested_tree_over_several_queues_is_added_level_by_level(
    pair: Pair, make_pair: PairMaker, on_failure: OnFailure
) -> None:
    others = [make_pair(queue, beside=pair) for queue in ("mix", "frame")]
    tree = node(
        "root",
        node("a", node("a1", queue="mix"), node("a2", queue="frame", priority=2), queue="mix"),
        node("b", node("b1", node("b11"), queue="frame"), on_failure=on_failure),
        node("c", queue="frame", delay=5.0),
    )
    pair.step("add_flow", flow(tree))
    for each in (pair, *others):
        each.check()
        each.take(5)
        each.check()


@pytest.mark.parametrize("order", ["ab", "ba"])
@pytest.mark.parametrize("parent", KINDS, ids=str)
@each_policy
def test_a_flow_is_worked_to_its_end(pair: Pair, order: str, parent: dict, on_failure: OnFailure) -> None:
    children = [node(name, on_failure=on_failure) for name in "ab"]
    pair.step("add_flow", flow(node("root", *children, **parent)))
    pair.take(2)
    endings = {"a": failed("a"), "b": completed("b")}
    for name in order:
        pair.clock.advance(1)
        pair.settle(endings[name])
        pair.check()
    pair.clock.advance(10)
    pair.take()
    pair.check()


def test_a_flow_without_children_is_a_job(pair: Pair) -> None:
    pair.step("add_flow", flow(node("root", priority=2)))
    pair.check()


@each_policy
@each_steering
@pytest.mark.parametrize("keep", [None, Keep(0)], ids=["kept", "removed"])
def test_a_child_that_has_completed_before_counts(
    pair: Pair, on_failure: OnFailure, steering: str, keep: Keep | None
) -> None:
    pair.step("add", [job(job_id="done")])
    pair.take()
    pair.settle(completed("done", keep=keep))
    steer(pair, steering)
    pair.step("add_flow", flow(node("root", node("done", on_failure=on_failure), node("b"))))
    pair.check()


@each_steering
@pytest.mark.parametrize("parent", KINDS, ids=str)
def test_a_parent_whose_children_have_all_completed_before_is_let_go_at_the_end(
    pair: Pair, make_pair: PairMaker, parent: dict, steering: str
) -> None:
    mix = make_pair("mix", beside=pair)
    for each, name in ((pair, "a"), (mix, "b")):
        each.step("add", [job(job_id=name)])
        each.take()
        each.settle(completed(name, result=b'{"colour":"red"}'))
    steer(pair, steering)
    inner = node("inner", node("b", queue="mix"), node("a"), **parent)
    pair.step("add_flow", flow(node("root", node("c"), inner)))
    pair.check()
    mix.check()
    pair.step("resume")
    pair.take(3)
    pair.check()


@pytest.mark.parametrize("state", ["waiting", "delayed", "active", "failed"])
def test_a_child_that_exists_is_attached_where_it_stands(pair: Pair, state: str) -> None:
    pair.step("add", [job(job_id="there", delay=5.0 if state == "delayed" else 0.0)])
    if state in ("active", "failed"):
        pair.take()
    if state == "failed":
        pair.settle(failed("there"))
    tree = node("root", node("there", on_failure=OnFailure.FAIL_PARENT), node("b"))
    pair.step("add_flow", flow(tree))
    pair.check()
    if state == "active":
        pair.settle(failed("there"), capacity=2)
        pair.check()


def test_a_child_whose_parent_is_gone_gets_the_new_one(pair: Pair) -> None:
    pair.step("add_one", "frame", {}, job_id="old", waits_for_children=True)
    pair.step("add_one", "canvas", {}, job_id="child", parent=Parent("old"))
    pair.step("forget", "old", "old:dependencies")
    pair.step("plant", "ZREM", "waiting-children", "old")
    pair.step("add_flow", flow(node("root", node("child"))))
    pair.check()


@pytest.mark.parametrize("state", ["waiting-children", "active", "completed"])
def test_a_root_that_exists_is_kept_and_gets_the_children(pair: Pair, state: str) -> None:
    pair.step("add_flow", flow(node("root", node("a"))))
    if state != "waiting-children":
        pair.take()
        pair.settle(completed("a"), capacity=1)
    if state == "completed":
        pair.settle(completed("root"))
    pair.step("add_flow", flow(node("root", node("b"), node("c", delay=5.0))))
    pair.check()


def test_a_flow_that_is_added_again_changes_nothing(pair: Pair) -> None:
    tree = flow(node("root", node("a", node("a1")), node("b", priority=2)))
    pair.step("add_flow", tree)
    pair.take(1)
    pair.step("add_flow", tree)
    pair.check()


def test_a_child_that_stands_twice_under_one_parent_runs_once(pair: Pair) -> None:
    pair.step("add_flow", flow(node("root", node("a"), node("b"), node("a", delay=5.0))))
    pair.check()


def test_a_job_without_a_parent_of_its_own_keeps_the_one_it_has(pair: Pair) -> None:
    pair.step("add_flow", flow(node("root", node("a"))))
    pair.step("add_flow", flow(node("a", node("a1"))))
    pair.check()


@each_policy
@pytest.mark.parametrize("elsewhere", [False, True], ids=["same queue", "another queue"])
@pytest.mark.parametrize("state", ["waiting", "active", "waiting-children"])
def test_children_are_added_to_a_job_that_exists(
    pair: Pair, make_pair: PairMaker, on_failure: OnFailure, elsewhere: bool, state: str
) -> None:
    children = make_pair("mix", beside=pair)
    queue = "mix" if elsewhere else "paint"
    if state == "waiting-children":
        pair.step("add_flow", flow(node("parent", node("first"))))
    else:
        pair.step("add", [job(job_id="parent")])
        pair.take(1 if state == "active" else 0)
    tree = node("a", node("a1", queue=queue), queue=queue, on_failure=on_failure)
    children.step("add_flow", flow(tree), ("paint", "parent"))
    pair.check()
    children.check()


def test_a_job_that_waits_for_a_completed_child_that_is_added_runs_at_once(pair: Pair) -> None:
    """BullMQ's own release at the end of a flow, for the parent that the flow was added to."""
    pair.step("add", [job(job_id="done")])
    pair.take()
    pair.settle(completed("done"))
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    pair.step("add_flow", flow(node("done")), ("paint", "parent"))
    pair.check()


def test_children_of_a_parent_that_is_gone_are_refused(pair: Pair) -> None:
    assert pair.step("add_flow", flow(node("a")), ("paint", "gone")) == "a"
    pair.compare()


# Where BullMQ adds half a flow, ours adds nothing.


def test_a_child_of_another_living_parent_refuses_the_whole_flow(pair: Pair) -> None:
    pair.step("add_flow", flow(node("first", node("child"))))
    pair.check()
    before = pair.compare()
    second = flow(node("second", node("a", node("a1")), node("child")))
    assert pair.expected.add_flow(second) == "child"
    assert pair.found.add_flow(second) == "child"
    assert pair.observed() == before


def test_a_child_that_stands_under_two_parents_refuses_the_whole_flow(pair: Pair) -> None:
    tree = flow(node("root", node("a", node("shared")), node("b", node("shared"))))
    assert pair.expected.add_flow(tree) == "shared"
    waiting = pair.expected.client.zrange(pair.expected.keys.base + "waiting-children", 0, -1)
    assert b"b" in waiting, "BullMQ leaves a parent that has nothing to wait for"
    assert not pair.expected.client.exists(pair.expected.keys.dependencies("b"))
    assert pair.found.add_flow(tree) == "shared"
    assert pair.observed() == {}


@pytest.mark.parametrize(
    "tree", [node("root", node("root")), node("root", node("a", node("root")))], ids=["itself", "its child"]
)
def test_a_job_that_would_wait_for_itself_is_refused(pair: Pair, tree: object) -> None:
    assert pair.found.add_flow(flow(tree)) == "root"
    assert pair.observed() == {}


def test_a_job_that_waits_for_its_new_parent_already_is_refused(pair: Pair) -> None:
    pair.step("add_flow", flow(node("top", node("middle", node("bottom")))))
    before = pair.compare()
    assert pair.found.add_flow(flow(node("top")), ("paint", "bottom")) == "top"
    assert pair.observed() == before
