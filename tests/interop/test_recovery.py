"""A worker that dies leaves its jobs to the other side."""

import pytest

from support.instructions import Act, Instructed
from support.node_client import NodeClient, NodeError
from support.our_worker import our_worker, our_worker_process
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

LOCK = 0.5
INTERVAL = 0.2
NODE_OPTIONS = {"lockDuration": round(LOCK * 1000), "stalledInterval": round(INTERVAL * 1000)}


async def test_our_worker_recovers_the_job_of_a_node_worker_that_was_killed(
    major: str, node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with NodeClient(major, broker.url, prefix) as doomed:
        await doomed.call("startWorker", queue="work", worker="doomed", options=NODE_OPTIONS)
        job_id = await node.add("work", "act", {"act": "hang-first", "value": "saved"})
        await eventually(lambda: doomed.call("processed", worker="doomed"))
        await doomed.kill()
    settings = WorkerSettings(lock_duration=LOCK, stalled_interval=INTERVAL)
    async with our_worker(broker.url, prefix, settings):
        assert await node.wait_until_finished("work", job_id) == "saved"
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["stalledCounter"], job["attemptsStarted"], job["attemptsMade"]) == (1, 2, 1)
    names = [name for name, _ in await node.call("events", queue="work", id=job_id)]
    assert names == ["added", "waiting", "active", "waiting", "stalled", "active", "completed"]


async def test_a_node_worker_recovers_the_job_of_our_worker_that_was_killed(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    handle = await queues.enqueue(Instructed(act=Act.HANG_FIRST, value="saved"))
    async with our_worker_process(
        broker.url, prefix, lock_duration=LOCK, stalled_interval=INTERVAL
    ) as doomed:
        await eventually(lambda: _is_active(node, handle.job_id))
        doomed.kill()
        await doomed.wait()
    await node.call("startWorker", queue="work", worker="rescuer", options=NODE_OPTIONS)
    assert await handle.result(timeout=20) == "saved"
    job = await node.on_queue("work", "getJob", handle.job_id)
    assert (job["stalledCounter"], job["attemptsStarted"], job["attemptsMade"]) == (1, 2, 1)


async def test_a_job_that_stalls_too_often_fails_with_the_words_of_node(
    major: str, node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with NodeClient(major, broker.url, prefix) as doomed:
        await doomed.call("startWorker", queue="work", worker="doomed", options=NODE_OPTIONS)
        job_id = await node.add("work", "act", {"act": "hang-first"}, attempts=5)
        await eventually(lambda: doomed.call("processed", worker="doomed"))
        await doomed.kill()
    settings = WorkerSettings(lock_duration=LOCK, stalled_interval=INTERVAL, most_stalls=0)
    async with our_worker(broker.url, prefix, settings) as worker:
        with pytest.raises(NodeError, match="job stalled more than allowable limit"):
            await node.wait_until_finished("work", job_id)
    assert worker.starts == []


async def test_a_node_worker_leaves_a_job_alone_whose_lock_we_renew(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    """The job lasts several times as long as its lock and Node's stalled interval."""
    settings = WorkerSettings(lock_duration=LOCK, stalled_interval=60.0)
    async with our_worker(broker.url, prefix, settings) as worker:
        job_id = await node.add("work", "act", {"seconds": 4 * LOCK, "value": "ours"})
        await eventually(lambda: worker.starts)
        await node.call("startWorker", queue="work", worker="keen", options=NODE_OPTIONS)
        assert await node.wait_until_finished("work", job_id) == "ours"
    assert await node.call("processed", worker="keen") == []
    assert (await node.on_queue("work", "getJob", job_id))["stalledCounter"] == 0


async def _is_active(node: NodeClient, job_id: str) -> bool:
    return await node.on_job("work", job_id, "getState") == "active"
