"""Node workers and ours on one queue at once."""

from collections import Counter
from itertools import accumulate

import pytest

from support.instructions import Instructed
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

JOBS_OF_EACH = 5_000
STATES = ("wait", "active", "delayed", "prioritized", "completed", "failed")


async def test_each_of_ten_thousand_jobs_runs_exactly_once(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    total = 2 * JOBS_OF_EACH
    ours = await queues.enqueue_many(Instructed(number=number) for number in range(JOBS_OF_EACH))
    theirs = await node.call(
        "addBulk", queue="work", count=JOBS_OF_EACH, name="act", data={}, opts={"attempts": 3}
    )
    numbers = {handle.job_id: number for number, handle in enumerate(ours)}
    numbers |= {job_id: number for number, job_id in enumerate(theirs)}
    assert len(numbers) == total

    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 20})
    async with our_worker(broker.url, prefix, WorkerSettings(concurrency=20)) as worker:
        await eventually(lambda: _all_completed(node, total), timeout=40, every=0.1)
    starts = [(start["id"], start["data"]["number"]) for start in await node.call("processed", worker="node")]
    assert worker.starts, "all jobs ran at Node: the two did not work side by side"
    assert starts, "all jobs ran at ours: the two did not work side by side"
    starts += [(start.job_id, start.number) for start in worker.starts]
    assert Counter(starts) == Counter(numbers.items())

    counts = await node.on_queue("work", "getJobCounts", *STATES)
    assert counts == dict.fromkeys(STATES, 0) | {"completed": total}
    if node.major == "6":
        assert await node.on_queue("work", "removeOrphanedJobs") == 0


async def test_global_concurrency_holds_over_both_fleets(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await node.on_queue("work", "setGlobalConcurrency", 3)
    await queues.enqueue_many(Instructed(seconds=0.01) for _ in range(60))
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, WorkerSettings(concurrency=5)) as worker:
        await eventually(lambda: _all_completed(node, 60))
    assert await _most_at_once(broker, QueueKeys("work", prefix)) == 3
    assert len(worker.starts) + len(await node.call("processed", worker="node")) == 60


async def test_a_pause_by_node_holds_our_worker_until_node_resumes(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    """BullMQ 5 keeps the jobs of a paused queue in a list of its own, and as it resumes puts that list in
    the place of `wait`: what others file there meanwhile is lost. So the witness goes before it resumes."""
    async with our_worker(broker.url, prefix) as worker:
        before = await node.add("work", "act", {"value": 1})
        await node.wait_until_finished("work", before)
        await node.on_queue("work", "pause")
        held = [await node.add("work", "act", {"value": value}) for value in range(3)]
        # The worker promotes what is due even so: once it has, it has looked and taken nothing.
        witness = await node.add("work", "act", {}, delay=1)
        await eventually(lambda: _is_waiting(node, witness))
        assert [start.job_id for start in worker.starts] == [before]
        await node.on_job("work", witness, "remove")
        await node.on_queue("work", "resume")
        for job_id in held:
            await node.wait_until_finished("work", job_id)
    assert [start.job_id for start in worker.starts] == [before, *held]


async def test_a_running_job_ends_although_node_pauses_the_queue(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix) as worker:
        running = await node.add("work", "act", {"seconds": 0.3, "value": "done"})
        waiting = await node.add("work", "act", {})
        await eventually(lambda: worker.starts)
        await node.on_queue("work", "pause")
        assert await node.wait_until_finished("work", running) == "done"
        assert await node.on_job("work", waiting, "getState") == "waiting"
    assert len(worker.starts) == 1


async def _most_at_once(broker: EmbeddedBroker, keys: QueueKeys) -> int:
    """How many jobs ran at the same time at most: the events tell of every start and end, in their order."""
    async with await Connection.open(broker.url) as connection:
        entries = await connection.execute("XRANGE", keys.events, "-", "+")
    steps = ({b"active": 1, b"completed": -1}.get(fields[1], 0) for _, fields in entries)
    return max(accumulate(steps))


async def _all_completed(node: NodeClient, total: int) -> bool:
    return (await node.on_queue("work", "getJobCounts", "completed"))["completed"] == total


async def _is_waiting(node: NodeClient, job_id: str) -> bool:
    return await node.on_job("work", job_id, "getState") == "waiting"
