"""What Node's getters, and the dashboards built on them, say of our jobs and workers."""

import pytest

from support.instructions import Act, Instructed
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

STATES = ("wait", "active", "delayed", "prioritized", "completed", "failed", "waiting-children")


async def test_node_counts_and_lists_our_jobs_in_every_state(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        completed = [await queues.enqueue(Instructed(value=value)) for value in range(3)]
        failed = await queues.enqueue(Instructed(act=Act.THROW))
        with pytest.raises(JobFailed):
            await failed.result(timeout=20)
    waiting = await queues.enqueue_many([Instructed() for _ in range(4)])
    delayed = await queues.enqueue(Instructed(), delay=3600.0)
    prioritized = await queues.enqueue(Instructed(), priority=5)

    assert await node.on_queue("work", "getJobCounts", *STATES) == {
        "wait": 4,
        "active": 0,
        "delayed": 1,
        "prioritized": 1,
        "completed": 3,
        "failed": 1,
        "waiting-children": 0,
    }
    ids = {state: [job["id"] for job in await node.on_queue("work", "getJobs", [state])] for state in STATES}
    assert ids == {
        "wait": [handle.job_id for handle in reversed(waiting)],
        "active": [],
        "delayed": [delayed.job_id],
        "prioritized": [prioritized.job_id],
        "completed": [handle.job_id for handle in reversed(completed)],
        "failed": [failed.job_id],
        "waiting-children": [],
    }
    oldest_first = await node.on_queue("work", "getJobs", ["wait"], 0, 1, True)
    assert [job["id"] for job in oldest_first] == [waiting[0].job_id, waiting[1].job_id]
    states = {
        job_id: await node.on_job("work", job_id, "getState")
        for job_id in (completed[0].job_id, failed.job_id, waiting[0].job_id, delayed.job_id)
    }
    assert list(states.values()) == ["completed", "failed", "waiting", "delayed"]
    assert await node.on_job("work", prioritized.job_id, "getState") == "prioritized"


async def test_node_sees_our_active_job(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(name="paquiro")) as worker:
        handle = await queues.enqueue(Instructed(seconds=0.5))
        await eventually(lambda: worker.starts)
        [job] = await node.on_queue("work", "getJobs", ["active"])
        assert (job["id"], job["processedBy"]) == (handle.job_id, "paquiro")
        assert await node.on_job("work", handle.job_id, "getState") == "active"


async def test_node_counts_our_worker_exactly_once(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(name="paquiro", concurrency=10)):
        # It names its connection as it first waits.
        await eventually(lambda: node.on_queue("work", "getWorkers"))
        [worker] = await node.on_queue("work", "getWorkers")
        assert worker["rawname"].endswith(":w:paquiro")
        await node.call("startWorker", queue="work", worker="node", options={"name": "berta"})
        await eventually(lambda: _workers(node, 2))
    await eventually(lambda: _workers(node, 1))


async def test_node_reads_the_meta_of_a_queue_that_we_made(node: NodeClient, queues: QueueService) -> None:
    await queues.enqueue(Instructed())
    meta = await node.on_queue("work", "getMeta")
    assert meta["maxLenEvents"] == 10_000
    assert not meta.get("paused")


async def test_node_retries_a_job_that_failed_at_our_worker(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix) as worker:
        handle = await queues.enqueue(Instructed(act=Act.THROW_FIRST, value="at last"))
        with pytest.raises(JobFailed):
            await handle.result(timeout=20)
        await node.on_job("work", handle.job_id, "retry", "failed")
        assert await node.wait_until_finished("work", handle.job_id) == "at last"
        assert await handle.result(timeout=20) == "at last"
    assert [start.attempt for start in worker.starts] == [1, 2]
    job = await node.on_queue("work", "getJob", handle.job_id)
    assert (job["attemptsMade"], job.get("failedReason")) == (2, None)


async def test_node_removes_and_promotes_our_jobs(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    removed = await queues.enqueue(Instructed())
    promoted = await queues.enqueue(Instructed(value="promoted"), delay=3600.0)
    await node.on_job("work", removed.job_id, "remove")
    await node.on_job("work", promoted.job_id, "promote")
    async with our_worker(broker.url, prefix) as worker:
        assert await promoted.result(timeout=20) == "promoted"
    assert [start.job_id for start in worker.starts] == [promoted.job_id]


async def _workers(node: NodeClient, count: int) -> bool:
    return len(await node.on_queue("work", "getWorkers")) == count
