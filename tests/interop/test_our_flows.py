"""Flows that we add, worked by Node and by us in turn; and what each says of the other's."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from support.instructions import Act
from support.node_client import NodeClient
from support.parts import Part, Whole, our_worker_of, parts, wholes
from support.waiting import eventually
from toril.backend import FlowHandle, JobFailed, JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Child, Flow, OnFailure, Queue
from toril.types import JobState, JobTree

pytestmark = pytest.mark.node

VALUES: list[Any] = [{"calf": "señor 😀"}, None, 7]
who_works = pytest.mark.parametrize(
    ("on_parts", "on_wholes"), [("node", "ours"), ("ours", "node"), ("node", "node")], ids="-".join
)


class Fleet:
    """Workers of Node's and of ours, one for each queue."""

    def __init__(self, node: NodeClient, broker: EmbeddedBroker, prefix: str, stack: AsyncExitStack) -> None:
        self._node = node
        self._broker = broker
        self._prefix = prefix
        self._stack = stack

    async def put(self, who: str, queue: Queue) -> None:
        if who == "node":
            await self._node.call("startWorker", queue=queue.name, worker=queue.name)
        else:
            await self._stack.enter_async_context(our_worker_of(self._broker.url, self._prefix, queue))


@pytest.fixture
async def fleet(node: NodeClient, broker: EmbeddedBroker, prefix: str) -> AsyncIterator[Fleet]:
    async with AsyncExitStack() as stack:
        yield Fleet(node, broker, prefix, stack)


def by_key(handle: FlowHandle[Any], prefix: str = "") -> list[str]:
    """The children's keys; those of ours are told without the prefix."""
    return [f"{prefix}{child.queue}:{child.job_id}" for child in handle.children]


async def is_in(handle: JobHandle[Any], state: JobState) -> bool:
    return await handle.state() is state


@who_works
async def test_a_parent_gets_what_its_children_returned_whoever_works(
    queues: QueueService, fleet: Fleet, prefix: str, on_parts: str, on_wholes: str
) -> None:
    await fleet.put(on_parts, parts)
    await fleet.put(on_wholes, wholes)
    handle = await queues.enqueue_flow(Flow(Whole(), children=[Part(value=value) for value in VALUES]))
    keys = by_key(handle, f"{prefix}:" if on_wholes == "node" else "")
    assert await handle.result(timeout=20) == dict(zip(keys, VALUES, strict=True))


@who_works
async def test_a_nested_flow_is_worked_from_its_leaves_to_its_root(
    queues: QueueService, fleet: Fleet, on_parts: str, on_wholes: str
) -> None:
    inner = Flow(Whole(), children=[Part(value=1), Part(value=2)], priority=3)
    handle = await queues.enqueue_flow(Flow(Whole(), children=[inner, Part(value=3)]))
    await fleet.put(on_wholes, wholes)
    await fleet.put(on_parts, parts)
    result: Any = await handle.result(timeout=20)
    nested, plain = sorted(result.values(), key=lambda value: isinstance(value, int))
    assert (sorted(nested.values()), plain) == ([1, 2], 3)


@who_works
@pytest.mark.parametrize("on_failure", [*OnFailure], ids=str)
async def test_a_failed_child_means_what_its_policy_says_whoever_works(
    queues: QueueService,
    fleet: Fleet,
    node: NodeClient,
    prefix: str,
    on_parts: str,
    on_wholes: str,
    on_failure: OnFailure,
) -> None:
    failing = Child(Part(act=Act.THROW), on_failure=on_failure)
    handle = await queues.enqueue_flow(Flow(Whole(), children=[failing]))
    await fleet.put(on_parts, parts)
    await fleet.put(on_wholes, wholes)
    child = handle.children[0]
    await eventually(lambda: is_in(child, JobState.FAILED))
    match on_failure:
        case OnFailure.FAIL_PARENT:
            with pytest.raises(JobFailed, match=f"child {prefix}:parts:{child.job_id} failed"):
                await handle.result(timeout=20)
        case OnFailure.KEEP_WAITING:
            assert await handle.state() is JobState.WAITING_CHILDREN
            await node.on_job("parts", child.job_id, "remove")
            assert await handle.result(timeout=20) == {}
        case _:
            assert await handle.result(timeout=20) == {}
    ignored = await node.on_job("wholes", handle.job_id, "getIgnoredChildrenFailures")
    told = on_failure in (OnFailure.CONTINUE_PARENT, OnFailure.IGNORE)
    assert [reason.endswith("it failed") for reason in ignored.values()] == [True] * told
    assert await node.on_job("wholes", handle.job_id, "getFailedChildrenValues") == ignored


@pytest.mark.parametrize("who", ["node", "ours"])
async def test_a_parent_that_runs_waits_for_the_children_that_are_left(
    queues: QueueService, fleet: Fleet, node: NodeClient, who: str
) -> None:
    flow = Flow(
        Whole(act=Act.PARK),
        children=[
            Child(Part(act=Act.THROW), on_failure=OnFailure.CONTINUE_PARENT),
            Child(Part(value=7), delay=0.5),
        ],
    )
    handle = await queues.enqueue_flow(flow)
    await fleet.put("ours" if who == "node" else "node", parts)
    await fleet.put(who, wholes)
    result: Any = await handle.result(timeout=20)
    assert list(result.values()) == [7]
    record = await handle.record()
    assert (record.attempts_started, record.attempts_made) == (2, 1)
    events = [name for name, _ in await node.call("events", queue="wholes", id=handle.job_id)]
    assert events == [
        "added",
        "waiting-children",
        "waiting",
        "active",
        "waiting-children",
        "waiting",
        "active",
        "completed",
    ]


def shape(tree: JobTree) -> dict[str, Any]:
    children = sorted((shape(child) for child in tree.children), key=lambda child: child["id"])
    return {"queue": tree.record.queue, "id": tree.record.id, "children": children}


def ordered(tree: dict[str, Any]) -> dict[str, Any]:
    return {**tree, "children": sorted(map(ordered, tree["children"]), key=lambda child: child["id"])}


async def test_both_read_the_same_tree_at_each_moment(
    queues: QueueService, fleet: Fleet, node: NodeClient
) -> None:
    policies = [Child(Part(act=Act.THROW, number=n), on_failure=each) for n, each in enumerate(OnFailure)]
    inner = Flow(Whole(), children=[Part(value=number) for number in range(5)])
    handle = await queues.enqueue_flow(Flow(Whole(act=Act.PARK), children=[inner, *policies]))

    async def compare() -> None:
        tree = await queues.get_flow(wholes, handle.job_id)
        assert ordered(await node.call("getFlow", queue="wholes", id=handle.job_id)) == shape(tree)
        for job_id in (handle.job_id, handle.children[0].job_id):
            counts = await queues.inspect(wholes).children_counts(job_id)
            assert await node.on_job("wholes", job_id, "getDependenciesCount") == {
                "processed": counts.processed,
                "unprocessed": counts.unprocessed,
                "ignored": counts.ignored,
                "failed": counts.failed,
            }

    await compare()
    shallow = await node.call("getFlow", queue="wholes", id=handle.job_id, depth=2)
    assert ordered(shallow) == shape(await queues.get_flow(wholes, handle.job_id, depth=2))
    await fleet.put("ours", parts)
    for child in [*handle.children[1:], *handle.children[0].children]:
        await eventually(lambda child=child: _has_ended(child))
    await compare()
    await fleet.put("node", wholes)
    with pytest.raises(JobFailed):
        await handle.result(timeout=20)
    await compare()


async def _has_ended(handle: JobHandle[Any]) -> bool:
    return (await handle.state()).is_final


async def test_we_read_the_tree_that_node_added(queues: QueueService, node: NodeClient) -> None:
    child: dict[str, Any] = {"name": "act", "queueName": "parts", "data": {}}
    inner: dict[str, Any] = {"name": "act", "queueName": "wholes", "data": {}, "children": [child, child]}
    added = await node.call("addFlow", flow={**inner, "children": [inner, child]})
    tree = await queues.get_flow(Whole, added["id"])
    assert shape(tree) == ordered(added)
    assert tree.record.state is JobState.WAITING_CHILDREN


async def test_a_job_that_node_added_becomes_a_child_of_ours(
    queues: QueueService, node: NodeClient, fleet: Fleet
) -> None:
    await fleet.put("node", parts)
    await node.add("parts", "act", {"value": "done"}, jobId="done")
    await node.wait_until_finished("parts", "done")
    await fleet.put("ours", wholes)
    handle = await queues.enqueue_flow(Flow(Whole(), children=[Child(Part(), job_id="done")]))
    assert await handle.result(timeout=20) == {"parts:done": "done"}
