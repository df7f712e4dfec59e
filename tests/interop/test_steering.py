"""Steering queues that Node shares: what we do to Node's jobs and workers, and what Node makes of it."""

import pytest

from support.instructions import Instructed
from support.node_client import NodeClient, NodeError
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import JobLocked, QueueService, RateLimit, WrongState
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState

pytestmark = pytest.mark.node

STATES = ("wait", "active", "delayed", "prioritized", "completed", "failed")


async def counts(node: NodeClient) -> dict[str, int]:
    """What Node counts; a BullMQ before v6 counts jobs apart that it has put aside."""
    found = await node.on_queue("work", "getJobCounts", *STATES, "paused")
    found["wait"] += found.pop("paused", 0)
    return {state: count for state, count in found.items() if count}


async def test_our_pause_holds_a_node_worker_until_we_resume(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    await node.call("startWorker", queue="work", worker="node")
    before = await node.add("work", "act", {"value": 1})
    await node.wait_until_finished("work", before)
    await admin.pause()
    assert await node.on_queue("work", "isPaused") is True
    held = [await node.add("work", "act", {"value": value}) for value in range(3)]
    held += [handle.job_id for handle in await queues.enqueue_many(Instructed() for _ in range(3))]
    # The worker promotes what is due even so: once it has, it has looked and taken nothing.
    witness = await queues.enqueue(Instructed(), delay=0.001)
    await eventually(lambda: _stands(node, witness.job_id, "waiting"))
    assert [start["id"] for start in await node.call("processed", worker="node")] == [before]
    assert await counts(node) == {"wait": 7, "completed": 1}
    await admin.resume()
    assert await node.on_queue("work", "isPaused") is False
    for job_id in [*held, witness.job_id]:
        await node.wait_until_finished("work", job_id)
    started = [start["id"] for start in await node.call("processed", worker="node")]
    assert sorted(started) == sorted([before, *held, witness.job_id])


async def test_we_end_a_pause_by_node_and_nothing_is_lost(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    """BullMQ 5 puts what waits aside, and what it adds meanwhile; we add to those that wait."""
    await queues.enqueue_many(Instructed(number=number) for number in range(20))
    await node.on_queue("work", "pause")
    await queues.enqueue_many(Instructed(number=number) for number in range(20, 40))
    await node.call("addBulk", queue="work", count=20, name="act", data={}, opts={})
    assert await counts(node) == {"wait": 60}
    await queues.admin("work").resume()
    assert await counts(node) == {"wait": 60}
    async with our_worker(broker.url, prefix) as worker:
        await eventually(lambda: _counts(node, {"completed": 60}))
    assert len({start.job_id for start in worker.starts}) == len(worker.starts) == 60


async def test_our_limits_hold_for_node_workers(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    await admin.set_concurrency(2)
    await admin.set_rate_limit(RateLimit(jobs=3, duration=600.0))
    assert await node.on_queue("work", "getGlobalConcurrency") == 2
    await queues.enqueue_many(Instructed() for _ in range(10))
    # While BullMQ's worker sleeps because of a rate limit, it may leave a job lying that it has just taken.
    options = {"concurrency": 5, "maximumRateLimitDelay": 100}
    await node.call("startWorker", queue="work", worker="node", options=options)
    await eventually(lambda: _counts(node, {"wait": 7, "completed": 3}))
    assert await node.on_queue("work", "getRateLimitTtl") > 1000
    await admin.set_rate_limit(None)
    await admin.set_concurrency(None)
    assert await node.on_queue("work", "getGlobalConcurrency") is None


async def test_a_limit_by_hand_is_the_same_on_both_sides(node: NodeClient, queues: QueueService) -> None:
    await queues.enqueue(Instructed())
    await queues.admin("work").limit_rate_for(600.0)
    assert await node.on_queue("work", "getRateLimitTtl", 5) > 1000
    await node.on_queue("work", "removeRateLimitKey")
    assert await queues.admin("work").end_rate_limit() is False


async def test_we_drain_and_clean_what_node_added(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    await node.call("addBulk", queue="work", count=300, name="act", data={}, opts={})
    await node.call("addBulk", queue="work", count=5, name="act", data={}, opts={"priority": 2})
    await node.call("addBulk", queue="work", count=7, name="act", data={}, opts={"delay": 600_000})
    assert await admin.drain() == 305
    assert await counts(node) == {"delayed": 7}
    assert len(await admin.clean(JobState.DELAYED, limit=2)) == 2
    assert await admin.drain(include_delayed=True) == 5
    assert await counts(node) == {}
    failed = [await node.add("work", "act", {"act": "throw"}) for _ in range(3)]
    await node.call("startWorker", queue="work", worker="node")
    await eventually(lambda: _counts(node, {"failed": 3}))
    assert sorted(await admin.clean(JobState.FAILED)) == sorted(failed)
    assert await counts(node) == {}
    if node.major == "6":
        assert await node.on_queue("work", "removeOrphanedJobs") == 0


async def test_we_obliterate_a_queue_of_nodes(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await node.call("addBulk", queue="work", count=300, name="act", data={}, opts={})
    await node.call(
        "addFlow",
        flow={"name": "act", "queueName": "work", "children": [{"name": "act", "queueName": "work"}]},
    )
    await node.on_queue("work", "pause")
    await queues.admin("work").obliterate()
    async with NodeClient(node.major, broker.url, prefix) as other:
        assert await counts(other) == {}
        assert await other.add("work", "act", {}) == "1"


async def test_we_retry_what_failed_at_a_node_worker(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    job_ids = [await node.add("work", "act", {"act": "throw-first", "value": n}) for n in range(5)]
    await eventually(lambda: _counts(node, {"failed": 5}))
    await admin.retry(job_ids[0])
    assert await node.wait_until_finished("work", job_ids[0]) == 0
    assert await admin.retry_all() == 4
    await eventually(lambda: _counts(node, {"completed": 5}))
    with pytest.raises(NodeError):
        await node.on_job("work", job_ids[0], "retry", "failed")
    await admin.retry(job_ids[0], reset_attempts_made=True, reset_attempts_started=True)
    await eventually(lambda: _counts(node, {"failed": 1, "completed": 4}))
    job = await node.on_queue("work", "getJob", job_ids[0])
    assert (job["attemptsMade"], job["attemptsStarted"]) == (1, 1)


async def test_we_promote_and_change_what_node_added(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    delayed = [await node.add("work", "act", {}, delay=600_000) for _ in range(4)]
    await admin.update_data(delayed[0], b'{"value":"changed"}')
    await admin.change_priority(delayed[0], 7)
    await admin.promote(delayed[0])
    await admin.change_delay(delayed[1], 0.001)
    await node.call("startWorker", queue="work", worker="node")
    assert await node.wait_until_finished("work", delayed[0]) == "changed"
    await node.wait_until_finished("work", delayed[1])
    assert await admin.promote_all() == 2
    await eventually(lambda: _counts(node, {"completed": 4}))
    job = await node.on_queue("work", "getJob", delayed[0])
    assert (job["priority"], job["delay"], job["data"]) == (7, 0, {"value": "changed"})
    with pytest.raises(WrongState, match="it is completed"):
        await admin.promote(delayed[0])


async def test_we_remove_flows_of_nodes(node: NodeClient, queues: QueueService) -> None:
    admin = queues.admin("work")
    children = [{"name": "act", "queueName": "work", "data": {"number": n}} for n in range(4)]
    flow = {"name": "act", "queueName": "work", "children": children}
    first, second, third = [await node.call("addFlow", flow=flow) for _ in range(3)]
    await admin.remove(first["id"])
    assert await counts(node) == {"wait": 8}
    assert await admin.remove_unprocessed_children(second["id"]) == 4
    assert await counts(node) == {"wait": 5}
    for child in third["children"]:
        assert await admin.detach(child["id"])
    assert await counts(node) == {"wait": 6}
    await node.call("startWorker", queue="work", worker="node")
    await eventually(lambda: _counts(node, {"completed": 6}))


async def test_neither_removes_what_the_other_one_runs(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await node.call("startWorker", queue="work", worker="node")
    at_node = await queues.enqueue(Instructed(seconds=1.0))
    await eventually(lambda: _stands(node, at_node.job_id, "active"))
    with pytest.raises(JobLocked):
        await at_node.remove()
    async with our_worker(broker.url, prefix) as worker:
        ours = await queues.enqueue(Instructed(seconds=1.0))
        await eventually(lambda: worker.starts)
        assert await node.on_queue("work", "remove", ours.job_id) == 0
        await ours.result(timeout=20)
    await at_node.result(timeout=20)


async def test_a_deduplication_key_is_freed_for_node(node: NodeClient, queues: QueueService) -> None:
    first = await node.add("work", "act", {}, deduplication={"id": "once"})
    assert await node.add("work", "act", {}, deduplication={"id": "once"}) == first
    assert await queues.admin("work").release_deduplication("once")
    assert await node.add("work", "act", {}, deduplication={"id": "once"}) != first


async def _stands(node: NodeClient, job_id: str, state: str) -> bool:
    return await node.on_job("work", job_id, "getState") == state


async def _counts(node: NodeClient, expected: dict[str, int]) -> bool:
    return await counts(node) == expected
