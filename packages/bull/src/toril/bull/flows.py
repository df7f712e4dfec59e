"""Adding trees of jobs, each whole or not at all."""

import time
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import uuid4

from toril.bull.bounds import MOST_BYTES_A_FLOW, MOST_BYTES_A_SCRIPT, MOST_JOBS_A_FLOW, MOST_JOBS_A_SCRIPT
from toril.bull.codec import encode_options, encode_parent, encode_text, to_milliseconds, with_parent
from toril.bull.connection import Connection
from toril.bull.errors import FlowRefused, FlowTooLarge, JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument, queues_apart
from toril.bull.scripts import load
from toril.types import OnFailure
from toril.types.job_options import JobOptions, JobPolicy, check_job_id, options_of

PARENT_GONE = -5
_OBJECTIONS = {
    -7: "it is the child of another job, which still exists",
    -101: "it would be waiting for itself: it is that parent, or the parent of one of its parents",
}


class Named(Protocol):
    """Anything that has a name; a queue of toril.jobs does."""

    @property
    def name(self) -> str: ...


class FlowContract(JobPolicy, Protocol):
    """What a contract says of a job of a flow; one of toril.jobs does."""

    @property
    def name(self) -> str: ...
    @property
    def queue(self) -> Named: ...


class PlannedJob(Protocol):
    """A job of a tree, as toril.jobs makes it; in the list of them, parents stand before their children."""

    @property
    def contract(self) -> FlowContract: ...
    @property
    def payload(self) -> bytes: ...
    @property
    def parent(self) -> int | None: ...
    @property
    def waits(self) -> bool: ...
    @property
    def on_failure(self) -> OnFailure: ...
    @property
    def delay(self) -> float: ...
    @property
    def priority(self) -> int: ...
    @property
    def lifo(self) -> bool: ...
    @property
    def expires_in(self) -> float | None: ...
    @property
    def job_id(self) -> str | None: ...


class FlowJob(NamedTuple):
    """A job of a tree, ready to be added.

    Attributes:
        has_own_id: whether its id was chosen by who adds it.
        parent: the place of its parent in the list of the tree's jobs; None for the first.
        waits: whether it has children.
    """

    queue: str
    job_id: str
    has_own_id: bool
    name: str
    data: bytes
    options: JobOptions
    parent: int | None
    waits: bool
    on_failure: OnFailure


FlowJobs = Sequence[FlowJob]


class Parent(NamedTuple):
    """A job that exists already and gets children."""

    queue: str
    job_id: str


def flow_jobs(tree: Sequence[PlannedJob]) -> list[FlowJob]:
    """The jobs of a tree as they are added: where no id was chosen, with a random one, as BullMQ has it.

    Raises:
        FlowTooLarge: more jobs, or more bytes, than one script call may handle.
        InvalidJobOptions: an option out of range.
        what `payload` raises for a job that does not fit its contract.
    """
    if len(tree) > MOST_JOBS_A_FLOW:
        raise FlowTooLarge(f"{len(tree):,} jobs", f"{MOST_JOBS_A_FLOW:,} jobs")
    jobs = [_flow_job(planned) for planned in tree]
    if (size := _size(jobs)) > MOST_BYTES_A_FLOW:
        raise FlowTooLarge(f"{size:,} bytes of payload", f"{MOST_BYTES_A_FLOW:,} bytes")
    return jobs


def _flow_job(planned: PlannedJob) -> FlowJob:
    contract, job_id = planned.contract, planned.job_id
    options = options_of(
        contract,
        delay=planned.delay,
        priority=planned.priority,
        lifo=planned.lifo,
        expires_in=planned.expires_in,
    )
    return FlowJob(
        queue=contract.queue.name,
        job_id=str(uuid4()) if job_id is None else check_job_id(job_id),
        has_own_id=job_id is not None,
        name=contract.name,
        data=planned.payload,
        options=options,
        parent=planned.parent,
        waits=planned.waits,
        on_failure=planned.on_failure,
    )


class FlowQueue:
    """Adds trees of jobs to the queues of one prefix.

    Args:
        timeout: how long Redis may take over one script call, in seconds, connecting included.
    """

    def __init__(self, connection: Connection, prefix: str, *, timeout: float = CALL_WITHIN) -> None:
        self._connection = connection
        self._prefix = prefix
        self._timeout = timeout
        self._script = load("flows/add_flows")

    async def add(
        self, flows: Iterable[FlowJobs], *, parent: Parent | None = None, now: float | None = None
    ) -> None:
        """Adds the trees in order, small ones together in one script call.

        Args:
            flows: each made by `flow_jobs`.
            parent: gets the first job of each tree as its child.
            now: the time at which the jobs count as added, in epoch seconds; by default the present.

        Raises:
            FlowRefused: a job that exists already cannot become a child here. Nothing of its tree is added;
                those before it are, and some of those after it may be.
            JobNotFound: `parent` does not exist; of the trees left, none is added.
            BrokerMisconfigured: Redis is a cluster, and the queues of a tree are not in one slot: nothing of
                it is added.
            BrokerUnavailable: Redis did not answer; the trees under way may have been added.
        """
        timestamp = to_milliseconds(time.time() if now is None else now)
        batch: list[FlowJobs] = []
        jobs = size = 0
        slot: int | None = None
        for flow in flows:
            slot, before = self._slot(flow, parent), slot
            is_full = jobs + len(flow) > MOST_JOBS_A_SCRIPT or size > MOST_BYTES_A_SCRIPT
            if batch and (is_full or slot != before):
                await self._add(batch, parent, timestamp)
                batch, jobs, size = [], 0, 0
            batch.append(flow)
            jobs, size = jobs + len(flow), size + _size(flow)
        if batch:
            await self._add(batch, parent, timestamp)

    async def _add(self, flows: Sequence[FlowJobs], parent: Parent | None, timestamp: int) -> None:
        keys, arguments = self._message(flows, parent, timestamp)
        codes = await self._connection.run(self._script, keys, arguments, timeout=self._timeout)
        check_added(flows, codes, parent)

    def _message(
        self, flows: Sequence[FlowJobs], parent: Parent | None, timestamp: int
    ) -> tuple[list[str], list[Argument]]:
        """The keys and arguments of the script."""
        queues = list(dict.fromkeys(job.queue for flow in flows for job in flow))
        numbers = {queue: number for number, queue in enumerate(queues, 1)}
        keys = [self._keys(queue) for queue in queues]
        outer = "" if parent is None else self._keys(parent.queue).job(parent.job_id)
        arguments: list[Argument] = [timestamp, outer]
        for flow in flows:
            arguments.append(len(flow))
            for job in flow:
                arguments += self._arguments(job, numbers[job.queue], _parent_of(job, flow) or parent)
        return [each.meta for each in keys], arguments

    def _arguments(self, job: FlowJob, queue: int, parent: Parent | None) -> tuple[Argument, ...]:
        options = encode_options(job.options, job.job_id if job.has_own_id else None)
        note = b""
        if parent is not None:
            kinship = (self._keys(parent.queue).qualified, parent.job_id, job.on_failure)
            options, note = with_parent(options, *kinship), encode_parent(*kinship)
        return (
            queue,
            job.job_id,
            encode_text(job.name),
            job.data,
            options,
            to_milliseconds(job.options.delay),
            job.options.priority,
            "children" if job.waits else "1" if job.options.lifo else "",
            0 if job.parent is None else job.parent + 1,
            note,
        )

    def _slot(self, flow: FlowJobs, parent: Parent | None) -> int | None:
        """The one slot of a cluster that all queues of a tree are in; None where there is no cluster."""
        queues = {job.queue for job in flow} | ({parent.queue} if parent else set[str]())
        slots = {self._connection.slot(self._keys(queue).meta) for queue in queues}
        if len(slots) > 1:
            raise queues_apart(self._connection.address)
        return slots.pop()

    def _keys(self, queue: str) -> QueueKeys:
        return QueueKeys(queue, self._prefix)


def check_added(flows: Sequence[FlowJobs], codes: Sequence[int], parent: Parent | None = None) -> None:
    """Reads the script's reply.

    Raises:
        FlowRefused, JobNotFound: as `FlowQueue.add`.
    """
    for flow, code, place in zip(flows, codes[::2], codes[1::2], strict=True):
        if code == PARENT_GONE and parent is not None:
            raise JobNotFound(parent.queue, parent.job_id)
        if code < 0:
            refused = flow[place - 1]
            raise FlowRefused(refused.queue, refused.job_id, _OBJECTIONS[code])


def _parent_of(job: FlowJob, flow: FlowJobs) -> Parent | None:
    return None if job.parent is None else Parent(flow[job.parent].queue, flow[job.parent].job_id)


def _size(flow: FlowJobs) -> int:
    return sum(len(job.data) for job in flow)
