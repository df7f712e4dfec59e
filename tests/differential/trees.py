"""Short ways to say which trees the tests add."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from toril.bull.flows import FlowJob
from toril.types import OnFailure
from toril.types.job_options import JobOptions


@dataclass(frozen=True)
class Node:
    """A job by its id, with its children."""

    id: str
    children: tuple["Node", ...] = ()
    queue: str = "paint"
    on_failure: OnFailure = OnFailure.KEEP_WAITING
    options: dict[str, Any] = field(default_factory=dict)


def node(
    job_id: str,
    *children: Node,
    queue: str = "paint",
    on_failure: OnFailure = OnFailure.KEEP_WAITING,
    **options: Any,
) -> Node:
    return Node(job_id, children, queue, on_failure, options)


def flow(root: Node, *, own_ids: bool = True) -> list[FlowJob]:
    """The tree as it is added, level by level."""
    jobs: list[FlowJob] = []
    waiting: deque[tuple[Node, int | None]] = deque([(root, None)])
    while waiting:
        each, parent = waiting.popleft()
        waiting.extend((child, len(jobs)) for child in each.children)
        jobs.append(
            FlowJob(
                queue=each.queue,
                job_id=each.id,
                has_own_id=own_ids,
                name=f"do-{each.id}",
                data=b'{"n":1}',
                options=JobOptions(**each.options),
                parent=parent,
                waits=bool(each.children),
                on_failure=each.on_failure,
            )
        )
    return jobs
