"""We add, a Node worker works: it sees what we meant, and we see what it did."""

from datetime import UTC, datetime, timedelta
from typing import cast

import pytest
from redis import Redis

from support.instructions import Act, Instructed, Patient, Stubborn
from support.node_client import NodeClient
from support.waiting import eventually
from toril.backend import JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState

pytestmark = pytest.mark.node


async def test_we_get_what_a_node_worker_returned(node: NodeClient, queues: QueueService) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    value = {"text": "señor 😀\u0000\u2028", "nothing": None, "list": [], "object": {}, "huge": "é" * 500_000}
    handle = await queues.enqueue(Instructed(value=value))
    assert await handle.result(timeout=20) == value
    assert await handle.state() is JobState.COMPLETED
    [start] = await node.call("processed", worker="worker")
    assert (start["id"], start["name"], start["data"]["value"]) == (handle.job_id, "act", value)


async def test_we_learn_why_a_node_worker_failed(node: NodeClient, queues: QueueService) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    handle = await queues.enqueue(Instructed(act=Act.THROW, message="¡no! 😡"))
    with pytest.raises(JobFailed) as failure:
        await handle.result(timeout=20)
    assert failure.value.reason == "¡no! 😡"
    [trace] = failure.value.stacktrace
    assert trace.startswith("Error: ¡no! 😡")
    assert "processor.mjs" in trace


async def test_a_node_worker_retries_as_our_contract_says(node: NodeClient, queues: QueueService) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    handle = await queues.enqueue(Stubborn(act=Act.THROW_FIRST, times=3, value=1))
    assert await handle.result(timeout=20) == 1
    assert [start["attemptsMade"] for start in await node.call("processed", worker="worker")] == [0, 1, 2, 3]
    hopeless = await queues.enqueue(Stubborn(act=Act.THROW))
    with pytest.raises(JobFailed) as failure:
        await hopeless.result(timeout=20)
    assert len(failure.value.stacktrace) == 4


async def test_our_job_takes_less_room_than_nodes(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    ours = await queues.enqueue_raw("work", "act", {"value": "plain"})
    theirs = await node.on_queue("work", "add", "act", {"value": "plain"})
    with Redis.from_url(broker.url) as client:
        our_hash, their_hash = (
            cast(dict[bytes, bytes], client.hgetall(f"{prefix}:work:{job_id}"))
            for job_id in (ours.job_id, theirs["id"])
        )
    assert our_hash.keys() == their_hash.keys()
    assert all(len(our_hash[field]) <= len(their_hash[field]) for field in our_hash)
    assert len(our_hash[b"opts"]) < len(their_hash[b"opts"])


async def test_node_reads_the_options_that_we_meant(node: NodeClient, queues: QueueService) -> None:
    plain = await queues.enqueue(Instructed(value="plain"))
    job = await node.on_queue("work", "getJob", plain.job_id)
    assert (job["name"], job["data"]["value"], job["opts"]) == ("act", "plain", {"attempts": 0})
    assert (job["delay"], job["priority"]) == (0, 0)
    assert await node.on_job("work", plain.job_id, "getState") == "waiting"

    patient = await queues.enqueue(Patient(), delay=3600.0, priority=7, job_id="toro")
    job = await node.on_queue("work", "getJob", "toro")
    assert job["id"] == patient.job_id == "toro"
    assert job["opts"]["attempts"] == 7
    assert job["opts"]["backoff"] == {"type": "exponential", "delay": 1500, "jitter": 0.25}
    assert job["opts"]["removeOnComplete"] == {"count": 10, "age": 60, "limit": 100}
    assert (job["opts"]["sizeLimit"], job["opts"]["keepLogs"], job["opts"]["stackTraceLimit"]) == (
        100_000,
        50,
        3,
    )
    assert job["opts"]["removeOnFail"] in (True, 0, {"count": 0})
    assert (job["opts"]["delay"], job["opts"]["priority"], job["opts"]["jobId"]) == (3_600_000, 7, "toro")
    assert (job["delay"], job["priority"]) == (3_600_000, 7)
    assert await node.on_job("work", "toro", "getState") == "delayed"


async def test_node_removes_finished_jobs_as_our_contract_says(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    await queues.enqueue_many([Patient(number=number) for number in range(15)])
    last = await queues.enqueue(Instructed())
    await last.result(timeout=20)
    counts = await node.on_queue("work", "getJobCounts", "completed", "wait", "active")
    assert counts == {"completed": 11, "wait": 0, "active": 0}


async def test_node_takes_our_jobs_in_the_order_in_which_we_added_them(
    node: NodeClient, queues: QueueService
) -> None:
    await queues.enqueue_many([Instructed(number=number) for number in range(300)])
    for number in range(300, 310):
        await queues.enqueue(Instructed(number=number))
    await node.call("startWorker", queue="work", worker="worker", options={"concurrency": 1})

    async def started() -> list[int]:
        return [start["data"]["number"] for start in await node.call("processed", worker="worker")]

    async def all_started() -> bool:
        return len(await started()) == 310

    await eventually(all_started)
    assert await started() == list(range(310))


async def test_priorities_and_lifo_order_our_jobs_at_a_node_worker(
    node: NodeClient, queues: QueueService
) -> None:
    for number, priority in [(0, 5), (1, 0), (2, 1), (3, 5), (4, 0)]:
        await queues.enqueue(Instructed(number=number), priority=priority)
    await queues.enqueue(Instructed(number=5), lifo=True)
    await node.call("startWorker", queue="work", worker="worker")
    await eventually(lambda: _completed(node, 6))
    started = await node.call("processed", worker="worker")
    assert [start["data"]["number"] for start in started] == [5, 1, 4, 2, 0, 3]


async def test_an_idle_node_worker_starts_our_job_at_once(node: NodeClient, queues: QueueService) -> None:
    # It polls every 100 s: only our marker can wake it in time.
    await node.call("startWorker", queue="work", worker="worker", options={"drainDelay": 100})
    for priority in (0, 0, 1):
        await eventually(lambda: node.call("isIdle", queue="work"))
        handle = await queues.enqueue(Instructed(value=priority), priority=priority)
        assert await handle.result(timeout=10) == priority


async def test_an_idle_node_worker_starts_our_delayed_job_when_it_is_due(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="worker", options={"drainDelay": 100})
    await eventually(lambda: node.call("isIdle", queue="work"))
    handle = await queues.enqueue(Instructed(value=1), delay=0.3)
    assert await handle.result(timeout=8) == 1
    job = await node.on_queue("work", "getJob", handle.job_id)
    assert job["processedOn"] - job["timestamp"] >= 300


async def test_we_follow_the_progress_and_the_logs_of_a_node_worker(
    node: NodeClient, queues: QueueService
) -> None:
    handle = await queues.enqueue(Instructed(progress=(0.5, 1.0), log=("uno", "dós 😀", "")))
    await node.call("startWorker", queue="work", worker="worker")
    updates = [update async for update in handle.updates()]
    fractions = [update.progress.fraction for update in updates if update.progress]
    assert fractions[0] in (0.5, 1.0)
    assert fractions[-1] == 1.0
    assert updates[-1].state is JobState.COMPLETED
    assert await handle.logs() == ["uno", "dós 😀", ""]


async def _completed(node: NodeClient, wanted: int) -> bool:
    return (await node.on_queue("work", "getJobCounts", "completed"))["completed"] == wanted


async def test_node_keeps_the_time_after_which_we_start_no_job_and_starts_it_all_the_same(
    node: NodeClient, queues: QueueService
) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=1)
    handle = await queues.enqueue(Instructed(value="late"), enqueued_at=long_ago, expires_in=30.0)
    assert (await node.on_queue("work", "getJob", handle.job_id))["opts"]["expiresIn"] == 30_000
    await node.call("startWorker", queue="work", worker="node", options={})
    assert await handle.result(timeout=20) == "late"
