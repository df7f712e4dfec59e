"""The harness itself, Node to Node: what the other tests of this folder compare us with must be right."""

from contextlib import AsyncExitStack

import pytest

from support.node_client import NodeClient, NodeEnded, NodeError
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker

pytestmark = pytest.mark.node


async def test_both_majors_are_the_versions_that_we_name(node: NodeClient) -> None:
    assert node.version == {"6": "6.7.0", "5": "5.81.5"}[node.major]


async def test_a_node_worker_returns_a_value_to_the_node_producer(node: NodeClient) -> None:
    await node.call("startWorker", queue="work", worker="worker", options={"name": "berta"})
    job_id = await node.add("work", "act", {"act": "return", "value": {"text": "señor 😀", "none": None}})
    assert await node.wait_until_finished("work", job_id) == {"text": "señor 😀", "none": None}
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["attemptsStarted"], job["processedBy"]) == (1, 1, "berta")
    [start] = await node.call("processed", worker="worker")
    assert (start["id"], start["name"], start["attemptsMade"]) == (job_id, "act", 0)


async def test_a_job_that_throws_rejects_with_its_reason(node: NodeClient) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    job_id = await node.add("work", "act", {"act": "throw", "message": "no bull"})
    with pytest.raises(NodeError, match="no bull"):
        await node.wait_until_finished("work", job_id)
    assert await node.on_job("work", job_id, "getState") == "failed"


async def test_a_job_fails_at_first_and_then_succeeds(node: NodeClient) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    data = {"act": "throw-first", "times": 2, "value": 3}
    job_id = await node.add("work", "act", data, attempts=5, backoff={"type": "fixed", "delay": 20})
    assert await node.wait_until_finished("work", job_id) == 3
    assert [start["attemptsMade"] for start in await node.call("processed", worker="worker")] == [0, 1, 2]


async def test_an_unrecoverable_error_burns_every_attempt(node: NodeClient) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    job_id = await node.add("work", "act", {"act": "throw-unrecoverable"}, attempts=5)
    with pytest.raises(NodeError, match="it failed"):
        await node.wait_until_finished("work", job_id)
    assert len(await node.call("processed", worker="worker")) == 1


async def test_every_event_of_a_job_is_recorded_in_order(node: NodeClient) -> None:
    data = {"progress": [0.5, 1], "log": ["one", "two"], "value": 1}
    job_id = await node.add("work", "act", data)
    await node.call("startWorker", queue="work", worker="worker")
    await node.wait_until_finished("work", job_id)
    events = await node.call("events", queue="work", id=job_id)
    assert [name for name, _ in events] == ["added", "waiting", "active", "progress", "progress", "completed"]
    assert (await node.on_queue("work", "getJobLogs", job_id))["logs"] == ["one", "two"]


async def test_bulk_adds_number_their_jobs(node: NodeClient) -> None:
    ids = await node.call("addBulk", queue="work", count=1500, name="act", data={"value": 7})
    assert len(set(ids)) == 1500
    assert (await node.on_queue("work", "getJob", ids[-1]))["data"] == {"value": 7, "number": 1499}
    assert await node.on_queue("work", "getJobCounts", "wait", "completed") == {"wait": 1500, "completed": 0}


async def test_a_parent_gathers_what_its_children_return(node: NodeClient) -> None:
    child = {"name": "act", "queueName": "children", "data": {"value": "calf"}}
    parent = {"name": "act", "queueName": "parents", "data": {"act": "gather"}, "children": [child, child]}
    tree = await node.call("addFlow", flow=parent)
    await node.call("startWorker", queue="children", worker="children")
    await node.call("startWorker", queue="parents", worker="parents")
    gathered = await node.wait_until_finished("parents", tree["id"])
    assert list(gathered.values()) == ["calf", "calf"]


async def test_a_job_that_hangs_ends_with_its_process(node: NodeClient) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    await node.add("work", "act", {"act": "hang-first"})
    await eventually(lambda: node.call("processed", worker="worker"))


async def test_what_bullmq_refuses_is_an_error_and_never_silence(node: NodeClient) -> None:
    with pytest.raises(NodeError, match="Custom Id cannot be integers"):
        await node.add("work", "act", {}, jobId="42")
    with pytest.raises(NodeError, match="no method fly"):
        await node.on_queue("work", "fly")
    with pytest.raises(NodeError, match="no operation fly"):
        await node.call("fly")


async def test_node_finds_an_orphan(node: NodeClient, connection: Connection, prefix: str) -> None:
    """As it looks for one after each of these tests."""
    job_id = await node.add("work", "act", {})
    await connection.execute("LREM", f"{prefix}:work:wait", 0, job_id)
    assert await node.on_queue("work", "removeOrphanedJobs") == 1


async def test_a_process_that_ends_fails_what_waits_for_it(node: NodeClient) -> None:
    await node.add("work", "act", {})
    await node.kill()
    with pytest.raises(NodeEnded):
        await node.on_queue("work", "count")


async def test_an_error_that_bullmq_emits_fails_the_test(
    major: str, broker: EmbeddedBroker, prefix: str
) -> None:
    options = {"lockDuration": 100, "skipLockRenewal": True, "stalledInterval": 100, "skipStalledCheck": True}
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(NodeClient(major, broker.url, prefix))
        await node.call("startWorker", queue="work", worker="careless", options=options)
        await node.add("work", "act", {"seconds": 0.3})
        await eventually(lambda: node.call("errors"))
        with pytest.raises(NodeEnded, match="emitted errors"):
            await stack.aclose()
