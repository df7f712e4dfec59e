"""Every path of a job leaves the events that Node to Node would have left, field by field."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

PATHS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "completed": ({"value": {"a": None}}, {}),
    "completed and removed": ({"value": 1}, {"removeOnComplete": True}),
    "failed": ({"act": "throw"}, {}),
    "failed and removed": ({"act": "throw"}, {"removeOnFail": True}),
    "unrecoverable": ({"act": "throw-unrecoverable"}, {"attempts": 3}),
    "retried at once": ({"act": "throw-first", "times": 2}, {"attempts": 3}),
    "retried after a pause": (
        {"act": "throw-first", "times": 1},
        {"attempts": 3, "backoff": {"type": "fixed", "delay": 30}},
    ),
    "out of attempts": ({"act": "throw"}, {"attempts": 2}),
    "delayed": ({}, {"delay": 50}),
    "prioritized": ({}, {"priority": 3}),
    "delayed and prioritized": ({}, {"delay": 50, "priority": 3}),
    "custom id": ({}, {"jobId": "toro"}),
    "moved to delayed": ({"act": "delay-first"}, {}),
    "moved to waiting": ({"act": "wait-first"}, {}),
    "rate limited": ({"act": "limit-first"}, {}),
    "progress": ({"progress": [0.1, 0.5, 1.0]}, {}),
}


@pytest.fixture
async def twin(major: str, broker: EmbeddedBroker, prefix: str) -> AsyncIterator[NodeClient]:
    """The same BullMQ on keys of its own, where Node works alone."""
    async with NodeClient(major, broker.url, f"{prefix}:twin") as client:
        await client.call("startWorker", queue="work", worker="worker", options={"name": "worker"})
        yield client


async def test_our_worker_leaves_the_events_that_a_node_worker_leaves(
    node: NodeClient, twin: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(name="worker")):
        for path, (data, options) in PATHS.items():
            ours = await _events_of_one_job(node, data, options)
            theirs = await _events_of_one_job(twin, data, options)
            assert ours == theirs, path


async def test_the_stream_of_the_queue_is_the_same_too(
    node: NodeClient, twin: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    """`drained` belongs to no job, and what happens between two jobs shows in their order."""
    async with our_worker(broker.url, prefix, WorkerSettings(name="worker")):
        for client in (node, twin):
            for value in range(3):
                await client.wait_until_finished("work", await client.add("work", "act", {"value": value}))
                await eventually(lambda client=client, value=value: _drained(client, value + 1))
    assert await _names(node) == await _names(twin)


async def _events_of_one_job(client: NodeClient, data: object, options: dict[str, Any]) -> list[object]:
    job_id = await client.add("work", "act", data, **options)

    async def ended() -> list[tuple[str, dict[str, Any]]] | None:
        events = await client.call("events", queue="work", id=job_id)
        return events if {"completed", "failed"} & {name for name, _ in events} else None

    events = await eventually(ended)
    assert isinstance(events, list)
    return [(name, _comparable(fields)) for name, fields in events]


def _comparable(fields: dict[str, Any]) -> list[tuple[str, Any]]:
    """The fields in their order, without what differs between any two runs."""
    comparable = {**fields, "jobId": "the job"}
    if "delay" in fields:
        comparable["delay"] = "when it is due"
    if "failedReason" in fields:
        # Ours says the type of the error before its message.
        assert fields["failedReason"].endswith("it failed")
        comparable["failedReason"] = "it failed"
    return list(comparable.items())


async def _drained(client: NodeClient, times: int) -> bool:
    return (await _names(client)).count("drained") >= times


async def _names(client: NodeClient) -> list[str]:
    return [name for name, _ in await client.call("events", queue="work")]
