"""The real BullMQ of both majors, a process for each test that asks for one; our producer beside it."""

from collections.abc import AsyncIterator

import pytest

from support.node_client import NodeClient
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture(params=["6", "5"], ids=["bullmq-6", "bullmq-5"])
def major(request: pytest.FixtureRequest) -> str:
    """BullMQ 6.7 and BullMQ 5.81, one after the other."""
    return request.param


@pytest.fixture
async def node(major: str, broker: EmbeddedBroker, prefix: str) -> AsyncIterator[NodeClient]:
    """BullMQ on the test's broker, under the test's own prefix."""
    async with NodeClient(major, broker.url, prefix) as client:
        yield client


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    """Our producer, under the same prefix."""
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service
