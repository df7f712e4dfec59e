"""An outbox, its relay, and the queues that it feeds."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection

from support.waiting import eventually
from toril.backend.outbox import OutboxRelay
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.database import EmbeddedPostgres
from toril.database.connecting import connect
from toril.database.migrations import migrate
from toril.database.outbox import OutboxStatus, OutboxTable


@asynccontextmanager
async def outbox_connection(url: str) -> AsyncGenerator[AsyncConnection[Any]]:
    """A connection in autocommit to a database that has an outbox."""
    async with await connect(url, name="test") as connection:
        await migrate(connection)
        yield connection


@asynccontextmanager
async def running_relay(
    database_url: str, redis_url: str, prefix: str, **options: Any
) -> AsyncGenerator[OutboxRelay]:
    """A relay that runs; it is told to stop at the end, and must."""
    relay = OutboxRelay(database_url, redis_url, prefix=prefix, **options)
    async with asyncio.TaskGroup() as group:
        group.create_task(relay.run())
        try:
            yield relay
        finally:
            relay.stop()


async def until_relayed(connection: AsyncConnection[Any]) -> OutboxStatus:
    """Waits until nothing is left to be relayed."""
    table = OutboxTable(connection)

    async def status_if_empty() -> OutboxStatus | None:
        status = await table.status()
        return status if status.waiting == 0 else None

    status = await eventually(status_if_empty, timeout=40.0)
    assert isinstance(status, OutboxStatus)
    return status


async def waiting_jobs(connection: Connection, keys: QueueKeys) -> list[str]:
    """The data of the jobs that wait, the next one first."""
    ids: list[bytes] = await connection.execute("LRANGE", keys.wait, 0, -1)
    return [
        (await connection.execute("HGET", keys.job(job_id.decode()), "data")).decode()
        for job_id in reversed(ids)
    ]


@contextmanager
def own_postgres() -> Generator[EmbeddedPostgres]:
    """A server of a test's own, to be stopped and started again."""
    with tempfile.TemporaryDirectory(prefix="toril-test-") as name:
        Path(name).chmod(0o711)
        with EmbeddedPostgres(Path(name)) as server:
            yield server
