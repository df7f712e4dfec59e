"""The real BullMQ of both majors, a process for each test that asks for one; our producer beside it."""

from collections.abc import AsyncIterator

import pytest
from redis import Redis

from support.invariants import queues_under
from support.node_client import NodeClient
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture(params=["6", "5"], ids=["bullmq-6", "bullmq-5"])
def major(request: pytest.FixtureRequest) -> str:
    """BullMQ 6.7 and BullMQ 5.81, one after the other."""
    return request.param


@pytest.fixture
async def node(major: str, broker: EmbeddedBroker, prefix: str) -> AsyncIterator[NodeClient]:
    """BullMQ on the test's broker, under the test's own prefix. At the end it must find no orphans."""
    async with NodeClient(major, broker.url, prefix) as client:
        yield client
        if client.is_alive:
            for queue in queues_under(broker.url, prefix):
                _drop_metrics(broker.url, f"{prefix}:{queue}:metrics:failed")
                assert await client.on_queue(queue, "removeOrphanedJobs") == 0, queue


def _drop_metrics(url: str, key: str) -> None:
    """BullMQ's removeOrphanedJobs takes the metrics of failed jobs for a part of a job `metrics`."""
    with Redis.from_url(url) as client:
        client.delete(key)


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    """Our producer, under the same prefix."""
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service
