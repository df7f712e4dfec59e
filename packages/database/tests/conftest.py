"""A database that has an outbox, and a folder for a server of a test's own."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from toril.database import Database


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database.connect(database_url) as database:
        await database.migrate()
        yield database


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder that root's server may enter: pytest's own is closed to everybody else."""
    with tempfile.TemporaryDirectory(prefix="toril-test-") as name:
        Path(name).chmod(0o711)
        yield Path(name)
