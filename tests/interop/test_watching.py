"""What we see of a queue that Node adds to and works on is what Node sees."""

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from support.node_client import NodeClient
from support.waiting import eventually
from toril.backend import Child, ChildState, QueueEvents, QueueService
from toril.bull.connection import Connection
from toril.bull.intake import RateLimit
from toril.types import EventKind, JobState

pytestmark = pytest.mark.node

WITHIN = 20.0


async def test_our_feed_tells_what_nodes_queue_events_tell(node: NodeClient, queues: QueueService) -> None:
    await node.call("startWorker", queue="work", worker="node", options={"name": "berta"})
    jobs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"value": {"a": "señor 😀"}}, {}),
        ({"act": "throw"}, {"attempts": 2, "backoff": 20}),
        ({"progress": [0.5, 1.0], "value": None}, {"delay": 20, "priority": 3}),
        ({}, {"deduplication": {"id": "once", "ttl": 60_000}}),
        ({}, {"deduplication": {"id": "once", "ttl": 60_000}}),
    ]
    for data, options in jobs:
        await node.add("work", "act", data, **options)
    await eventually(lambda: _drained(node))
    await node.on_queue("work", "clean", 0, 100, "completed")

    theirs = await node.call("events", queue="work")
    async with queues.events("work", after="0") as events:
        ours = await _told(events, len(theirs))
    assert ours == theirs
    assert {"deduplicated", "cleaned", "retries-exhausted", "progress"} <= {name for name, _ in ours}


async def test_events_of_ones_own_go_both_ways(node: NodeClient, queues: QueueService) -> None:
    async with queues.events("work") as events:
        await queues.publish_event("work", "repainted", {"colour": "röt"}, job_id="7")
        await node.call("publishEvent", queue="work", event={"eventName": "sold", "price": "3", "jobId": "7"})
        ours = await _told(events, 2)
    told = [["repainted", {"colour": "röt", "jobId": "7"}], ["sold", {"price": "3", "jobId": "7"}]]
    assert ours == told
    assert await node.call("events", queue="work") == told


async def test_node_counts_those_who_follow_a_queue(node: NodeClient, queues: QueueService) -> None:
    async with queues.events("work") as events:
        waiting = asyncio.create_task(anext(events))
        await eventually(lambda: _follower(node))
        await node.add("work", "act", {})
        assert (await waiting).kind is EventKind.ADDED


@pytest.mark.parametrize(("state", "act"), [(JobState.COMPLETED, "return"), (JobState.FAILED, "throw")])
async def test_metrics_that_a_node_worker_writes(
    node: NodeClient, queues: QueueService, connection: Connection, prefix: str, state: JobState, act: str
) -> None:
    await node.call("startWorker", queue="work", worker="node", options={"metrics": {"maxDataPoints": 10}})
    key = f"{prefix}:work:metrics:{state}"
    for minutes in (0, 3, 1, 30):
        if minutes:
            # As if the last job had ended so long ago.
            last = round((time.time() - minutes * 60) * 1000)
            await connection.execute("HSET", key, "prevTS", last)
        for _ in range(2):
            job_id = await node.add("work", "act", {"act": act})
            await eventually(lambda job_id=job_id: _is(queues, job_id, state))
        for start, limit in [(0, 10_000), (1, 2), (0, 1)]:
            theirs = await node.on_queue("work", "getMetrics", state, start, start + limit - 1)
            ours = await queues.inspect("work").metrics(state, start=start, limit=limit)
            assert (ours.count, ours.counted_before) == (theirs["meta"]["count"], theirs["meta"]["prevCount"])
            assert ours.counted_until == _moment(theirs["meta"]["prevTS"])
            assert (list(ours.points), ours.stored_points) == (theirs["data"], theirs["count"])
    assert (ours.count, ours.stored_points) == (8, 10)


async def test_children_of_a_flow_of_nodes(node: NodeClient, queues: QueueService, prefix: str) -> None:
    def child(data: dict[str, Any], **options: Any) -> dict[str, Any]:
        return {"name": "act", "queueName": "work", "data": data, "opts": options}

    children = [
        child({"value": {"a": 1}}, jobId="done"),
        child({"act": "throw"}, jobId="ignored", ignoreDependencyOnFailure=True),
        child({"act": "throw"}, jobId="fatal", failParentOnFailure=True),
        child({}, jobId="later", delay=3_600_000),
    ]
    flow = {
        "name": "act",
        "queueName": "parents",
        "data": {},
        "opts": {"jobId": "tree"},
        "children": children,
    }
    await node.call("addFlow", flow=flow)
    await node.call("startWorker", queue="work", worker="node")
    inspector = queues.inspect("parents")

    async def counts() -> dict[str, int] | None:
        counts = await inspector.children_counts("tree")
        told = {kind.value: getattr(counts, kind) for kind in ChildState}
        return told if told["unprocessed"] == 1 else None

    assert await eventually(counts) == await node.on_job("parents", "tree", "getDependenciesCount")
    values = [one async for one in inspector.each_child("tree", ChildState.PROCESSED)]
    assert values == [Child(f"{prefix}:work:done", result='{"a":1}')]
    assert await node.on_job("parents", "tree", "getChildrenValues") == {f"{prefix}:work:done": {"a": 1}}
    ignored = [one async for one in inspector.each_child("tree", ChildState.IGNORED)]
    assert {one.key: one.failed_reason for one in ignored} == await node.on_job(
        "parents", "tree", "getIgnoredChildrenFailures"
    )
    for state, name in [(ChildState.UNPROCESSED, "later"), (ChildState.FAILED, "fatal")]:
        assert [one.key async for one in inspector.each_child("tree", state)] == [f"{prefix}:work:{name}"]


async def test_what_node_set_for_a_queue(node: NodeClient, queues: QueueService) -> None:
    await node.add("work", "act", {})
    meta = await queues.inspect("work").meta()
    assert (meta.paused, meta.concurrency, meta.rate_limit, meta.most_events) == (False, None, None, 10_000)
    assert meta.version == f"bullmq:{node.version}"
    await node.on_queue("work", "setGlobalConcurrency", 3)
    await node.on_queue("work", "setGlobalRateLimit", 5, 60_000)
    await node.on_queue("work", "pause")
    meta = await queues.inspect("work").meta()
    assert (meta.paused, meta.concurrency, meta.rate_limit) == (True, 3, RateLimit(5, 60.0))


async def test_a_rate_limit_that_node_set_by_hand(node: NodeClient, queues: QueueService) -> None:
    assert await queues.inspect("work").rate_limited_for() == 0.0
    await node.on_queue("work", "rateLimit", 600_000)
    theirs = await node.on_queue("work", "getRateLimitTtl")
    assert theirs / 1000 - 60.0 < await queues.inspect("work").rate_limited_for(5) <= theirs / 1000


async def test_counts_of_nodes_jobs(node: NodeClient, queues: QueueService) -> None:
    for options in [
        {},
        {"priority": 2},
        {"priority": 7},
        {"priority": 2},
        {"delay": 3_600_000},
        {"delay": 60_000},
    ]:
        await node.add("work", "act", {}, **options)
    await node.add("work", "act", {}, deduplication={"id": "colour"})
    inspector = queues.inspect("work")
    theirs = await node.on_queue("work", "getCountsPerPriority", [0, 2, 7, 9])
    ours = await inspector.counts_per_priority([0, 2, 7, 9])
    assert {str(priority): count for priority, count in ours.items()} == theirs
    assert await inspector.deduplication_holder("colour") == "7"
    assert await node.on_queue("work", "getDeduplicationJobId", "colour") == "7"
    soon = time.time() + 600
    assert await inspector.due_before(datetime.fromtimestamp(soon, UTC)) == 1
    if node.major == "6":
        assert await node.on_queue("work", "getDelayedCount", round(soon * 1000)) == 1


async def test_workers_of_nodes(node: NodeClient, queues: QueueService) -> None:
    await node.call("startWorker", queue="work", worker="one", options={"name": "berta"})
    await node.call("startWorker", queue="work", worker="two")

    async def both() -> set[str | None] | None:
        workers = await queues.inspect("work").workers()
        return {worker.name for worker in workers} if len(workers) == 2 else None

    assert await eventually(both) == {"berta", None}


async def _told(events: QueueEvents, count: int) -> list[list[Any]]:
    """So many events, as Node's QueueEvents tells them."""
    told: list[list[Any]] = []
    async with asyncio.timeout(WITHIN):
        while len(told) < count:
            event = await anext(events)
            fields: dict[str, Any] = {} if event.job_id is None else {"jobId": event.job_id}
            fields |= dict(event.fields)
            if event.due_at is not None:
                fields["delay"] = round(event.due_at.timestamp() * 1000)
            if event.progress is not None:
                fields["data"] = event.progress.value
            if event.result is not None:
                fields["returnvalue"] = json.loads(event.result)
            told.append([event.name, fields])
    return told


async def _drained(node: NodeClient) -> bool:
    counts = await node.on_queue("work", "getJobCounts", "wait", "active", "delayed", "prioritized")
    return not any(counts.values())


async def _follower(node: NodeClient) -> bool:
    return bool(await node.on_queue("work", "getQueueEvents"))


async def _is(queues: QueueService, job_id: str, state: JobState) -> bool:
    return await queues.inspect("work").state(job_id) is state


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
