"""Trees of jobs, checked as they are put together."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from toril.jobs import Child, Flow, InvalidFlow, Job, NotAContract, OnFailure, Queue
from toril.jobs.flows import flow_nodes


@pytest.fixture
def gather(queue: Queue) -> type[Job[Any]]:
    class Gather(Job[int], queue=queue, name="gather"):
        number: int = 0

    return Gather


def numbers(root: Any) -> list[tuple[int, int | None, bool]]:
    return [(node.job.number, node.parent, node.waits) for node in flow_nodes(root)]  # type: ignore[attr-defined]


def test_a_tree_is_walked_level_by_level(gather: type[Job[Any]]) -> None:
    job = [gather(number=number) for number in range(7)]
    tree = Flow(
        job[0], children=[Flow(job[1], children=[job[4], job[5]]), Child(job[2]), Flow(job[3], [job[6]])]
    )
    assert numbers(tree) == [
        (0, None, True),
        (1, 0, True),
        (2, 0, False),
        (3, 0, True),
        (4, 1, False),
        (5, 1, False),
        (6, 3, False),
    ]


def test_a_flow_without_children_is_a_job(gather: type[Job[Any]]) -> None:
    assert numbers(Flow(gather(), children=[])) == [(0, None, False)]


def test_options_stand_with_the_job_they_are_for(gather: type[Job[Any]]) -> None:
    inner = Flow(gather(), children=[gather()], delay=1.0, priority=2, expires_in=9.0, job_id="inner")
    tree = Flow(
        gather(),
        children=[
            Child(
                gather(),
                on_failure=OnFailure.IGNORE,
                delay=3.0,
                priority=4,
                lifo=True,
                expires_in=5.0,
                job_id="leaf",
            ),
            Child(inner, on_failure=OnFailure.REMOVE),
        ],
        job_id="root",
    )
    root, leaf, nested, last = flow_nodes(tree)
    assert (root.job_id, root.on_failure) == ("root", OnFailure.FAIL_PARENT)
    assert leaf[3:] == (OnFailure.IGNORE, 3.0, 4, True, 5.0, "leaf")
    assert nested[3:] == (OnFailure.REMOVE, 1.0, 2, False, 9.0, "inner")
    assert last[3:] == (OnFailure.FAIL_PARENT, 0.0, 0, False, None, None)


def test_a_very_deep_tree_is_walked(gather: type[Job[Any]]) -> None:
    tree: Any = gather()
    for _ in range(5_000):
        tree = Flow(gather(), children=[tree])
    assert len(flow_nodes(tree)) == 5_001


def test_a_flow_does_not_change_after_it_was_made(gather: type[Job[Any]]) -> None:
    children: list[Any] = [gather()]
    tree = Flow(gather(), children=children)
    children.clear()
    assert len(tree.children) == 1
    with pytest.raises(FrozenInstanceError):
        tree.delay = 1.0  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_what_is_no_job_is_refused_and_its_place_named(gather: type[Job[Any]]) -> None:
    wrong: Any = "gather"
    with pytest.raises(InvalidFlow, match="a flow's parent is a str, not a job"):
        Flow(wrong, children=[])
    with pytest.raises(InvalidFlow, match="child 1 is a str, not a job"):
        Flow(gather(), children=[gather(), wrong])
    with pytest.raises(InvalidFlow, match="a child is a str, not a job"):
        Child(wrong)
    with pytest.raises(InvalidFlow, match="is a ModelMetaclass, not a job"):
        Flow(gather(), children=[gather])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def test_a_class_without_a_name_is_refused(gather: type[Job[Any]]) -> None:
    class Nameless(Job[int]):
        pass

    with pytest.raises(NotAContract, match="Nameless"):
        Flow(gather(), children=[Nameless()])


@pytest.mark.parametrize(
    "option", [{"delay": 1.0}, {"priority": 1}, {"lifo": True}, {"job_id": "inner"}], ids=str
)
def test_a_flow_that_is_a_child_has_its_own_options(gather: type[Job[Any]], option: dict[str, Any]) -> None:
    with pytest.raises(InvalidFlow, match="give them to the Flow itself"):
        Child(Flow(gather(), children=[gather()]), **option)


def test_an_unknown_policy_is_refused(gather: type[Job[Any]]) -> None:
    wrong: Any = "fpof"
    with pytest.raises(InvalidFlow, match="on_failure='fpof'"):
        Child(gather(), on_failure=wrong)
