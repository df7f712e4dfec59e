"""Both fleets run while both sides steer: each job runs exactly once or is removed, never both."""

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from support.instructions import Act, Instructed
from support.node_client import NodeClient
from support.our_worker import OurWorker, our_worker
from support.waiting import eventually
from toril.backend import Cancellation, JobLocked, JobNotCancellable, JobNotFound, QueueService, WrongState
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

JOBS = 600
BUSY = WorkerSettings(concurrency=5)


async def starts(node: NodeClient, worker: OurWorker) -> Counter[str]:
    """How often each job was started, at Node or here."""
    at_node = [start["id"] for start in await node.call("processed", worker="node")]
    return Counter(at_node + [start.job_id for start in worker.starts])


async def left_in(node: NodeClient, *states: str) -> set[str]:
    return {job["id"] for job in await node.on_queue("work", "getJobs", list(states), 0, -1)}


async def is_still(node: NodeClient) -> bool:
    counts = await node.on_queue("work", "getJobCounts", "wait", "active", "prioritized", "delayed", "paused")
    return not any(counts.values())


async def test_what_is_drained_cleaned_or_cancelled_never_runs(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    admin = queues.admin("work")
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, BUSY) as worker:
        added: set[str] = set()
        removed: set[str] = set()
        for turn in range(12):
            handles = await queues.enqueue_many(Instructed(seconds=0.002) for _ in range(JOBS // 12))
            added |= {handle.job_id for handle in handles}
            match turn % 4:
                case 0:
                    await admin.drain()
                case 1:
                    await node.on_queue("work", "drain")
                case 2:
                    removed |= set(await admin.clean(JobState.WAITING, limit=20))
                    removed |= set(await node.on_queue("work", "clean", 0, 20, "wait"))
                case _:
                    removed |= await cancel(queues, [handle.job_id for handle in handles][::2])
        await eventually(lambda: is_still(node))
        started = await starts(node, worker)
    assert set(started.values()) <= {1}
    completed, cancelled = await left_in(node, "completed"), await left_in(node, "failed")
    # Those that a worker of ours had taken as they were cancelled have failed by that, started or not yet.
    assert completed <= set(started) <= completed | cancelled
    assert not removed & set(started)
    assert removed | set(started) <= added
    assert 0 < len(started) < len(added)


async def cancel(queues: QueueService, job_ids: list[str]) -> set[str]:
    """Those that were removed: not those that a worker had taken before."""
    removed: set[str] = set()
    for job_id in job_ids:
        with suppress(JobNotFound, JobNotCancellable):
            if await queues.admin("work").cancel(job_id) is Cancellation.REMOVED:
                removed.add(job_id)
    return removed


async def test_what_is_removed_while_it_waits_never_runs(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, BUSY) as worker:
        handles = await queues.enqueue_many(Instructed(seconds=0.002) for _ in range(JOBS))
        job_ids = [handle.job_id for handle in handles]
        for at in range(0, JOBS, 60):
            ours, theirs = job_ids[at : at + 20], job_ids[at + 20 : at + 40]
            await asyncio.gather(
                *(_remove(queues, job_id) for job_id in ours),
                *(node.on_queue("work", "remove", job_id) for job_id in theirs),
            )
        await eventually(lambda: is_still(node))
        started = await starts(node, worker)
    events = await node.call("events", queue="work")
    removed = {fields["jobId"]: fields["prev"] for event, fields in events if event == "removed"}
    assert set(started.values()) <= {1}
    waited = {job_id for job_id, previous in removed.items() if previous == "wait"}
    assert not waited & set(started)
    assert waited | set(started) == set(job_ids)
    assert set(started) - set(removed) == await left_in(node, "completed")


async def _remove(queues: QueueService, job_id: str) -> None:
    try:
        await queues.admin("work").remove(job_id)
    except (JobNotFound, JobLocked):
        return


async def test_a_pause_in_the_middle_loses_and_repeats_nothing(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    """Whoever pauses, we resume: a BullMQ before v6 would lose what others have added meanwhile."""
    admin = queues.admin("work")
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, BUSY) as worker:
        for turn in range(10):
            await queues.enqueue_many(Instructed(seconds=0.002) for _ in range(JOBS // 20))
            await (admin.pause() if turn % 2 else node.on_queue("work", "pause"))
            await node.call("addBulk", queue="work", count=JOBS // 20, name="act", data={}, opts={})
            await admin.resume()
        await eventually(lambda: is_still(node), timeout=30)
        started = await starts(node, worker)
    assert len(started) == JOBS
    assert set(started.values()) == {1}


async def test_both_retry_and_each_failure_is_retried_once(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    admin = queues.admin("work")
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, BUSY) as worker:
        await queues.enqueue_many(Instructed(act=Act.THROW_FIRST) for _ in range(JOBS))

        async def all_completed() -> bool:
            await asyncio.gather(admin.retry_all(), node.on_queue("work", "retryJobs", {"state": "failed"}))
            return (await node.on_queue("work", "getJobCounts", "completed"))["completed"] == JOBS

        await eventually(all_completed, timeout=30)
        started = await starts(node, worker)
    assert set(started.values()) == {2}
    assert len(started) == JOBS


async def test_both_promote_and_each_job_runs_once(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    admin = queues.admin("work")
    handles = await queues.enqueue_many([Instructed() for _ in range(JOBS)], delay=3600.0)
    await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
    async with our_worker(broker.url, prefix, BUSY) as worker:
        await asyncio.gather(
            admin.promote_all(),
            node.on_queue("work", "promoteJobs", {"count": 50}),
            *(_promote(queues, handle.job_id) for handle in handles[:100]),
        )
        await eventually(lambda: is_still(node), timeout=30)
        started = await starts(node, worker)
    assert len(started) == JOBS
    assert set(started.values()) == {1}


async def _promote(queues: QueueService, job_id: str) -> None:
    try:
        await queues.admin("work").promote(job_id)
    except (JobNotFound, WrongState):
        return


async def test_a_queue_that_node_obliterates_begins_anew(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, BUSY) as worker:
        await queues.enqueue_many(Instructed(seconds=0.05) for _ in range(JOBS))
        await eventually(lambda: worker.starts)
        await node.on_queue("work", "obliterate", {"force": True})
        started = len(worker.starts)
        handle = await queues.enqueue(Instructed(value="anew"))
        assert await handle.result(timeout=20) == "anew"
        await eventually(lambda: is_still(node))
    assert started < JOBS
    # One that was being taken may have begun; none that was removed.
    assert len(worker.starts) <= started + BUSY.concurrency + 1
    assert await left_in(node, "completed", "failed", "active") == {handle.job_id}


async def test_a_queue_that_we_obliterate_begins_anew(
    major: str, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    """The Node worker is told, by errors, that what it did is not wanted."""
    admin = queues.admin("work")
    async with NodeClient(major, broker.url, prefix, may_emit_errors=True) as node:
        await node.call("startWorker", queue="work", worker="node", options={"concurrency": 5})
        await queues.enqueue_many(Instructed(seconds=0.05) for _ in range(JOBS))
        await eventually(lambda: _has_started(node))
        await admin.pause()
        await admin.obliterate(force=True)
        handle = await queues.enqueue(Instructed(value="anew"))
        assert await handle.result(timeout=20) == "anew"
        started = [start["id"] for start in await node.call("processed", worker="node")]
        assert len(started) < JOBS
        assert await left_in(node, "completed", "failed", "active", "wait") == {handle.job_id}


async def _has_started(node: NodeClient) -> bool:
    return bool(await node.call("processed", worker="node"))
