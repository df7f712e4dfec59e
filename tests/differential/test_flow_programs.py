"""Any program of flows leaves the same queues behind, whether BullMQ's scripts took its steps or ours.

By hand, for longer: pytest tests/differential/test_flow_programs.py --hypothesis-profile=thorough
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from differential.any_program import adding, steering, working
from differential.conftest import THOROUGH, Studio
from differential.pair import Pair
from differential.programs import Cancel, Elsewhere, Program, run
from differential.side import Worker
from differential.trees import Node, flow
from hypothesis import given, settings
from hypothesis import strategies as st

from toril.types import OnFailure

pytestmark = pytest.mark.node

is_thorough = settings.get_current_profile_name() == THOROUGH
one_of = st.sampled_from
ids = one_of("abcdefgh")


class AddTree(NamedTuple):
    """A flow, under a job that may exist. Ours refuses as a whole what BullMQ adds by half."""

    root: Node
    parent: tuple[str, str] | None

    def take_on(self, pair: Pair) -> None:
        jobs = flow(self.root)
        pair.steps.append(f"{pair.expected.keys.queue}: add_flow({self.root}, {self.parent})")
        if pair.found.add_flow(jobs, self.parent) is None:
            assert pair.expected.add_flow(jobs, self.parent) is None


options: st.SearchStrategy[dict[str, Any]] = one_of(
    [{}, {}, {}, {"delay": 1.0}, {"priority": 2}, {"lifo": True}, {"delay": 1.0, "priority": 2}]
)


def nodes(children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Node]:
    return st.builds(
        Node,
        id=ids,
        children=children,
        queue=one_of(["paint", "paint", "mix"]),
        on_failure=one_of([*OnFailure]),
        options=options,
    )


leaves = nodes(st.just(()))
inner = nodes(st.lists(leaves, max_size=3).map(tuple))
roots = nodes(st.lists(st.one_of(leaves, inner), max_size=3).map(tuple))
parents = one_of([None, None, None, ("paint", "a"), ("paint", "1"), ("mix", "b")])
trees = st.builds(AddTree, root=roots, parent=parents)
steps = st.one_of(trees, trees, trees, working, working, adding, steering, ids.map(Cancel))
programs = st.lists(st.one_of(steps, steps, steps.map(Elsewhere)), max_size=15)


@pytest.mark.timeout(0 if is_thorough else 400)  # finding the smallest program that differs takes its time
@settings(settings.get_profile(THOROUGH if is_thorough else "differential"))
@given(program=programs)
def test_every_program_of_flows_leaves_the_same_queues_behind(
    make_studio: Callable[[], Studio], program: Program
) -> None:
    with make_studio() as studio:
        run(program, studio.pair_of_queues(Worker()), check_each_step=is_thorough)
