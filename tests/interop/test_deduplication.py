"""Deduplication over both sides: either adds, either holds the key, either releases it."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.instructions import Instructed
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Deduplicate

pytestmark = pytest.mark.node

# Each mode in our words and in Node's.
MODES: dict[str, tuple[Deduplicate, dict[str, Any]]] = {
    "simple": (Deduplicate("red"), {}),
    "throttle": (Deduplicate("red", ttl=60.0), {"ttl": 60_000}),
    "extend": (Deduplicate("red", ttl=60.0, extend=True), {"ttl": 60_000, "extend": True}),
    "debounce": (
        Deduplicate("red", ttl=60.0, extend=True, replace=True),
        {"ttl": 60_000, "extend": True, "replace": True},
    ),
    "keep last": (Deduplicate("red", keep_last=True), {"keepLastIfActive": True}),
}
each_mode = pytest.mark.parametrize(("ours", "nodes"), MODES.values(), ids=MODES)


async def add(node: NodeClient, modes: dict[str, Any], data: Any = None, **options: Any) -> str:
    return await node.add("work", "act", data or {}, deduplication={"id": "red", **modes}, **options)


async def deduplicated(node: NodeClient) -> list[dict[str, Any]]:
    events = await node.call("events", queue="work")
    return [fields for name, fields in events if name == "deduplicated"]


@each_mode
async def test_node_sees_who_holds_a_key_of_ours_and_what_was_dropped(
    node: NodeClient, queues: QueueService, ours: Deduplicate, nodes: dict[str, Any]
) -> None:
    first = await queues.enqueue(Instructed(), deduplicate=ours)
    again = await queues.enqueue(Instructed(), deduplicate=ours)
    assert (first.is_new, again.is_new, again.job_id) == (True, False, first.job_id)
    assert await node.on_queue("work", "getDeduplicationJobId", "red") == first.job_id
    job = await node.on_queue("work", "getJob", first.job_id)
    assert job["deduplicationId"] == "red"
    assert job["opts"]["deduplication"] == {"id": "red", **nodes}
    if not ours.replace:
        told = {"jobId": first.job_id, "deduplicationId": "red", "deduplicatedJobId": "2"}
        assert await deduplicated(node) == [told]


@each_mode
async def test_a_duplicate_by_node_of_a_job_of_ours_is_dropped(
    node: NodeClient, queues: QueueService, ours: Deduplicate, nodes: dict[str, Any]
) -> None:
    first = await queues.enqueue(Instructed(value="first"), deduplicate=ours)
    assert await add(node, nodes, {"value": "again"}) == first.job_id
    assert await node.on_queue("work", "count") == 1


@each_mode
async def test_a_duplicate_of_ours_of_a_job_by_node_is_dropped(
    node: NodeClient, queues: QueueService, ours: Deduplicate, nodes: dict[str, Any]
) -> None:
    first = await add(node, nodes, {"value": "first"})
    again = await queues.enqueue(Instructed(value="again"), deduplicate=ours)
    assert (again.is_new, again.job_id) == (False, first)
    assert (await again.record()).deduplication_key == "red"


async def test_either_side_replaces_the_delayed_job_of_the_other(
    node: NodeClient, queues: QueueService
) -> None:
    ours, nodes = MODES["debounce"]
    await queues.enqueue(Instructed(value=1), delay=60.0, deduplicate=ours)
    assert await add(node, nodes, {"value": 2}, delay=60_000) == "2"
    last = await queues.enqueue(Instructed(value=3), delay=60.0, deduplicate=ours)
    assert last.is_new
    counts = await node.on_queue("work", "getJobCounts", "delayed")
    assert counts == {"delayed": 1}
    assert await node.on_queue("work", "getDeduplicationJobId", "red") == last.job_id
    assert [fields["deduplicatedJobId"] for fields in await deduplicated(node)] == ["1", "2"]


@pytest.mark.parametrize("major", ["6"])
async def test_either_side_reschedules_the_delayed_job_of_the_other(
    node: NodeClient, queues: QueueService
) -> None:
    ours, nodes = Deduplicate("red", reschedule=True), {"reschedule": True}
    first = await queues.enqueue(Instructed(), delay=60.0, deduplicate=ours)
    assert await add(node, nodes, delay=120_000) == first.job_id
    assert (await first.record()).delay == 120.0
    await queues.enqueue(Instructed(), delay=180.0, deduplicate=ours)
    assert (await node.on_queue("work", "getJob", first.job_id))["delay"] == 180_000


@each_mode
async def test_our_worker_releases_the_key_of_a_job_by_node(
    node: NodeClient, broker: EmbeddedBroker, prefix: str, ours: Deduplicate, nodes: dict[str, Any]
) -> None:
    async with our_worker(broker.url, prefix):
        first = await add(node, nodes, {"value": 1})
        assert await node.wait_until_finished("work", first) == 1
        holder = await node.on_queue("work", "getDeduplicationJobId", "red")
        assert holder == (None if ours.ttl is None else first)
        again = await add(node, nodes, {"value": 2})
        assert again == (first if ours.ttl else "2")


@each_mode
async def test_a_node_worker_releases_the_key_of_a_job_of_ours(
    node: NodeClient, queues: QueueService, ours: Deduplicate, nodes: dict[str, Any]
) -> None:
    await node.call("startWorker", queue="work", worker="worker")
    first = await queues.enqueue(Instructed(value=1), deduplicate=ours)
    assert await first.result(timeout=20) == 1
    again = await queues.enqueue(Instructed(value=2), deduplicate=ours)
    assert again.is_new == (ours.ttl is None)
    assert await again.result(timeout=20) == (2 if again.is_new else 1)


async def test_the_latest_of_both_sides_runs_after_the_job_that_runs(
    node: NodeClient, queues: QueueService
) -> None:
    ours, nodes = MODES["keep last"]
    await node.call("startWorker", queue="work", worker="worker")
    first = await queues.enqueue(Instructed(seconds=1.0, value=1), deduplicate=ours)
    await eventually(lambda: node.on_job("work", first.job_id, "isActive"))
    await add(node, nodes, {"value": 2})
    kept = await queues.enqueue(Instructed(value=3), deduplicate=ours)
    assert (kept.is_new, kept.job_id) == (False, first.job_id)
    assert await first.result(timeout=20) == 1
    assert await queues.handle(Instructed, "3").result(timeout=20) == 3
    assert [start["id"] for start in await node.call("processed", worker="worker")] == [first.job_id, "3"]


async def test_node_releases_a_key_of_ours(node: NodeClient, queues: QueueService) -> None:
    first = await queues.enqueue(Instructed(), deduplicate=Deduplicate("red"))
    assert await node.on_queue("work", "removeDeduplicationKey", "red") == 1
    again = await queues.enqueue(Instructed(), deduplicate=Deduplicate("red"))
    assert again.is_new
    assert again.job_id != first.job_id


async def test_node_sees_when_a_job_says_that_it_was_added(node: NodeClient, queues: QueueService) -> None:
    then = datetime(2024, 5, 17, 12, 30, 0, 250_000, tzinfo=UTC)
    handle = await queues.enqueue(Instructed(), enqueued_at=then)
    job = await node.on_queue("work", "getJob", handle.job_id)
    assert job["timestamp"] == job["opts"]["timestamp"] == 1_715_949_000_250


@pytest.mark.parametrize("years", [2, 50])
async def test_node_sees_a_delay_of_years(node: NodeClient, queues: QueueService, years: int) -> None:
    seconds = years * 365 * 86_400
    handle = await queues.enqueue(Instructed(), delay=seconds)
    [job] = await node.on_queue("work", "getDelayed")
    assert (job["id"], job["delay"], job["opts"]["delay"]) == (handle.job_id, seconds * 1000, seconds * 1000)
    assert await node.on_job("work", handle.job_id, "getState") == "delayed"
