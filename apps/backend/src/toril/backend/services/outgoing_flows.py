"""Flows on their way to Redis."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

from toril.backend.services.flow_handle import FlowHandle
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.session import Session
from toril.bull.flows import FlowJob, flow_jobs
from toril.jobs import Flow
from toril.jobs.flows import FlowNode, flow_nodes

R = TypeVar("R")


async def send_flow(session: Session, flow: Flow[R]) -> FlowHandle[R]:
    """Adds a flow; the handle of its parent, with those of its children.

    Raises:
        as `QueueService.enqueue_flow`.
    """
    nodes = flow_nodes(flow)
    jobs = flow_jobs(nodes)
    await session.flows.add([jobs])
    return _handles(session, nodes, jobs)


async def send_flows(session: Session, flows: Iterable[Flow[R]]) -> list[JobHandle[R]]:
    """Adds flows one after the other; the handles of their parents. Each is encoded as it is sent.

    Raises:
        as `QueueService.enqueue_flows`.
    """
    handles: list[JobHandle[R]] = []

    def encoded() -> Iterator[list[FlowJob]]:
        for flow in flows:
            jobs = flow_jobs(flow_nodes(flow))
            handles.append(session.handle(jobs[0].job_id, type(flow.parent).contract()))
            yield jobs

    await session.flows.add(encoded())
    return handles


def _handles(session: Session, nodes: Sequence[FlowNode], jobs: Sequence[FlowJob]) -> FlowHandle[Any]:
    """From the leaves upwards, as a handle knows those of its children."""
    children: list[list[FlowHandle[Any]]] = [[] for _ in nodes]
    for place in range(len(nodes) - 1, 0, -1):
        node = nodes[place]
        handle = session.flow_handle(jobs[place].job_id, node.contract, children[place][::-1])
        children[node.parent or 0].append(handle)
    return session.flow_handle(jobs[0].job_id, nodes[0].contract, children[0][::-1])
