"""A library's database, and a producer."""

from collections.abc import AsyncIterator

import pytest

from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.database import Database


@pytest.fixture
async def library(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Database]:
    """A database with the library's tables, which the store finds by its URL."""
    monkeypatch.setenv("TORIL_DATABASE_URL", database_url)
    async with Database.connect(database_url) as database:
        await database.migrate("examples.library.migrations")
        yield database


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        yield queues
