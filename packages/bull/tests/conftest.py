"""A broker of one's own, for tests that stop it or change its settings."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture
def own_broker(server: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(port=0, program=server) as broker:
        yield broker


@pytest.fixture
async def own_connection(own_broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    async with await Connection.open(own_broker.url) as connection:
        yield connection
