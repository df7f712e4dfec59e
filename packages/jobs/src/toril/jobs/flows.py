"""Flows: a job that runs once other jobs, its children, are through."""

from collections import deque
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from toril.jobs.contract import Contract
from toril.jobs.errors import InvalidFlow
from toril.jobs.schemas import Job
from toril.types import OnFailure

R = TypeVar("R", covariant=True)


@dataclass(frozen=True, slots=True)
class Flow(Generic[R]):
    """A job and its children, on any queues: added as a whole; the job runs when the children are through.

        Flow(
            IndexLibrary(name="novels"),
            children=[
                EmbedDocument(path="a.md"),
                Child(EmbedDocument(path="b.md"), on_failure=OnFailure.IGNORE),
                Flow(Summarise(name="novels"), children=[...]),
            ],
        )

    Args:
        parent: the job that waits; what `enqueue_flow` answers is its handle.
        children: jobs, flows of their own, or either of them in a `Child`, which says more. A child's failure
            for good fails the parent, unless its `Child` says otherwise.
        delay: seconds before the parent may start, once its children are through.
        priority: of the parent, from then on; as for `enqueue`.
        expires_in: as for `enqueue`, of the parent: its children take their time of it.
        job_id: an id of the parent's own. If that job exists already, it is kept and gets the children.

    Raises:
        InvalidFlow: the parent or a child is no job.
        NotAContract: the class of one of them has no name.
    """

    parent: Job[R]
    children: "Sequence[Job[Any] | Flow[Any] | Child[Any]]"
    _: KW_ONLY
    delay: float = 0.0
    priority: int = 0
    expires_in: float | None = None
    job_id: str | None = None

    def __post_init__(self) -> None:
        _check_job(self.parent, "a flow's parent")
        object.__setattr__(self, "children", tuple(self.children))
        for place, child in enumerate(self.children):
            if not isinstance(child, Flow | Child):
                _check_job(child, f"child {place}")


@dataclass(frozen=True, slots=True)
class Child(Generic[R]):
    """A child of a flow, with what is to be said beside its job.

    Args:
        job: the child, or a flow of its own.
        on_failure: what it means for the parent that the child fails for good.
        delay, priority, lifo, expires_in, job_id: as for `enqueue`. A flow has them itself. A child with a
            `job_id` that exists already is not added again: that job becomes the parent's child, if no other
            parent has it.

    Raises:
        InvalidFlow: it is neither a job nor a flow, or a flow is given options here.
        NotAContract: the class of the job has no name.
    """

    job: Job[R] | Flow[R]
    _: KW_ONLY
    on_failure: OnFailure = OnFailure.FAIL_PARENT
    delay: float = 0.0
    priority: int = 0
    lifo: bool = False
    expires_in: float | None = None
    job_id: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.job, Flow):
            _check_job(self.job, "a child")
        elif any((self.delay, self.priority, self.lifo, self.expires_in)) or self.job_id is not None:
            raise InvalidFlow("a child that is a flow has options: give them to the Flow itself")
        _check_policy(self.on_failure)


AnyChild = Job[Any] | Flow[Any] | Child[Any]


class FlowNode(NamedTuple):
    """One job of a tree, on its way to Redis.

    Attributes:
        parent: the place of its parent in the list of the tree's nodes; None for the first.
        waits: whether it has children.
    """

    job: Job[Any]
    parent: int | None
    waits: bool
    on_failure: OnFailure
    delay: float
    priority: int
    lifo: bool
    expires_in: float | None
    job_id: str | None

    @property
    def contract(self) -> Contract[Any, Any]:
        return type(self.job).contract()

    @property
    def payload(self) -> bytes:
        """The job as JSON.

        Raises:
            InvalidPayload: it does not fit its contract.
        """
        return self.contract.encode(self.job)


def flow_nodes(root: AnyChild) -> list[FlowNode]:
    """The jobs of a tree, level by level, as BullMQ adds them: each parent before its children."""
    nodes: list[FlowNode] = []
    queue: deque[tuple[AnyChild, int | None]] = deque([(root, None)])
    while queue:
        entry, parent = queue.popleft()
        child = entry if isinstance(entry, Child) else Child(entry)
        if isinstance(child.job, Flow):
            flow = child.job
            job, options = flow.parent, (flow.delay, flow.priority, False, flow.expires_in, flow.job_id)
            queue.extend((each, len(nodes)) for each in flow.children)
        else:
            job = child.job
            options = (child.delay, child.priority, child.lifo, child.expires_in, child.job_id)
        waits = isinstance(child.job, Flow) and len(child.job.children) > 0
        nodes.append(FlowNode(job, parent, waits, child.on_failure, *options))
    return nodes


# These take objects: a flow is also checked where no type checker has seen it.


def _check_job(job: object, what: str) -> None:
    kind = type(job)
    if not issubclass(kind, Job):
        raise InvalidFlow(f"{what} is a {kind.__name__}, not a job: give an instance of a Job class")
    kind.contract()


def _check_policy(on_failure: object) -> None:
    if not isinstance(on_failure, OnFailure):
        raise InvalidFlow(f"on_failure={on_failure!r}: it must be a member of OnFailure")
