"""A client of a gateway to the workshop, without a worker unless a test starts one."""

from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from support.gateway import gateway_client
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture
async def client(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[AsyncClient]:
    async with gateway_client(broker.url, prefix) as client:
        yield client
