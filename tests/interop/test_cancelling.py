"""Cancelling jobs that run, where both sides work on one queue."""

import pytest

from support.instructions import Act, Instructed, Stubborn
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import JobFailed, JobNotCancellable, QueueService
from toril.bull.embedded import EmbeddedBroker

pytestmark = pytest.mark.node


async def test_a_job_of_nodes_that_our_worker_runs_is_cancelled(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix) as worker:
        job_id = await node.add("work", "act", {"seconds": 60}, attempts=3)
        await eventually(lambda: worker.starts)
        await queues.handle_raw("work", job_id).cancel(timeout=20)
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["failedReason"], job["attemptsMade"], job.get("deferredFailure")) == ("cancelled", 1, None)
    names = [name for name, _ in await node.call("events", queue="work", id=job_id)]
    assert names == ["added", "waiting", "active", "failed"]


async def test_a_node_worker_cannot_be_told_and_what_it_returns_counts(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="deaf", options={})
    handle = await queues.enqueue(Instructed(seconds=1.0, value="done all the same"))
    await eventually(lambda: node.call("processed", worker="deaf"))
    with pytest.raises(JobNotCancellable, match="completed"):
        await handle.cancel(timeout=20)
    assert await handle.result(timeout=20) == "done all the same"


async def test_a_job_that_fails_at_a_node_worker_is_not_tried_again_once_it_was_cancelled(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="deaf", options={})
    handle = await queues.enqueue(Stubborn(act=Act.THROW, seconds=1.0))
    await eventually(lambda: node.call("processed", worker="deaf"))
    await handle.cancel(timeout=20)
    with pytest.raises(JobFailed, match="cancelled"):
        await handle.result(timeout=20)
    assert len(await node.call("processed", worker="deaf")) == 1
