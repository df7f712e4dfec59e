"""What stands in a row of the outbox: one job, or the jobs of a flow."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import uuid4

from pydantic import TypeAdapter

from toril.jobs import Contract, Flow, InvalidFlow, Job
from toril.jobs.flows import FlowNode, flow_nodes
from toril.types import JobOptions, OnFailure
from toril.types.flow import MOST_BYTES_A_FLOW, MOST_JOBS_A_FLOW
from toril.types.job_options import check_job_id, options_of


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxJob:
    """A job on its way to Redis, proven to fit its contract.

    Attributes:
        has_own_id: whether its id was chosen by who enqueued it.
        payload: its JSON.
        parent: in a flow the place of its parent; None for the first job, and for one without a flow.
        waits: whether it has children.
    """

    queue: str
    job_id: str
    has_own_id: bool = False
    name: str
    payload: str
    options: JobOptions
    parent: int | None = None
    waits: bool = False
    on_failure: OnFailure = OnFailure.FAIL_PARENT

    def __post_init__(self) -> None:
        check_job_id(self.job_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """What one row holds; in the list of jobs, parents stand before their children."""

    kind: Literal["job", "flow"]
    jobs: tuple[OutboxJob, ...]

    def __post_init__(self) -> None:
        if not self.jobs or (self.kind == "job" and len(self.jobs) > 1):
            raise ValueError(f"a {self.kind} of {len(self.jobs)} jobs")
        for place, job in enumerate(self.jobs):
            if job.parent not in (range(place) if place else (None,)):
                raise ValueError(f"job {place} does not stand behind its parent")

    @property
    def first(self) -> OutboxJob:
        """The job itself, or the parent of the flow."""
        return self.jobs[0]

    def write(self) -> str:
        """The entry as it is stored; what it leaves open is left out, so that older releases can read it."""
        return _ADAPTER.dump_json(self, exclude_defaults=True, exclude=_DERIVED).decode()

    @classmethod
    def read(cls, text: str) -> "OutboxEntry":
        """The entry that was stored.

        Raises:
            ValueError: it was written by a release that this one does not understand, or by hand.
        """
        return _ADAPTER.validate_json(text)


_ADAPTER = TypeAdapter(OutboxEntry)
_DERIVED: Any = {"jobs": {"__all__": {"options": {"is_own"}}}}


def entry_of_job(
    contract: Contract[Any, Any], job: Job[Any], options: JobOptions, job_id: str | None
) -> OutboxEntry:
    """The entry of one job.

    Raises:
        InvalidPayload: it does not fit its contract.
        InvalidJobOptions: an id that no job can have.
    """
    planned = OutboxJob(
        queue=contract.queue.name,
        job_id=_id(job_id),
        has_own_id=job_id is not None,
        name=contract.name,
        payload=contract.encode(job).decode(),
        options=options,
    )
    return OutboxEntry(kind="job", jobs=(planned,))


def entry_of_flow(flow: Flow[Any]) -> OutboxEntry:
    """The entry of a flow.

    Raises:
        InvalidPayload: a job does not fit its contract.
        InvalidJobOptions: an option out of range.
        InvalidFlow: more jobs or bytes than one step adds.
    """
    nodes = flow_nodes(flow)
    if len(nodes) > MOST_JOBS_A_FLOW:
        raise InvalidFlow(f"it has {len(nodes):,} jobs, and one step adds {MOST_JOBS_A_FLOW:,} at most")
    jobs = tuple(_job_of_flow(node) for node in nodes)
    size = sum(len(job.payload.encode()) for job in jobs)
    if size > MOST_BYTES_A_FLOW:
        raise InvalidFlow(
            f"it has {size:,} bytes of payload, and one step adds {MOST_BYTES_A_FLOW:,} at most"
        )
    return OutboxEntry(kind="flow", jobs=jobs)


def _job_of_flow(node: FlowNode) -> OutboxJob:
    contract = node.contract
    options = options_of(
        contract,
        delay=node.delay,
        priority=node.priority,
        lifo=node.lifo,
        expires_in=node.expires_in,
    )
    return OutboxJob(
        queue=contract.queue.name,
        job_id=_id(node.job_id),
        has_own_id=node.job_id is not None,
        name=contract.name,
        payload=node.payload.decode(),
        options=options,
        parent=node.parent,
        waits=node.waits,
        on_failure=node.on_failure,
    )


def _id(chosen: str | None) -> str:
    return str(uuid4()) if chosen is None else chosen
