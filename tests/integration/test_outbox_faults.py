"""The relay when things break: it comes back by itself, and no row adds its job twice or never."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from psycopg import AsyncConnection, OperationalError

from support.jobs import Paint
from support.outboxes import outbox_connection, own_postgres, running_relay, until_relayed, waiting_jobs
from support.own_broker import frozen
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed
from toril.database import outbox
from toril.database.outbox import OutboxTable
from toril.types import Keep


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with outbox_connection(database_url) as connection:
        yield connection


async def run_and_remove_all(connection: Connection, keys: QueueKeys) -> int:
    """Runs what waits, and leaves nothing of it; how much it was."""
    intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
    taken = (await intake.settle_and_take([], 100)).jobs
    await intake.settle_and_take([Completed(job.id, job.token, b"1", Keep(count=0)) for job in taken], 0)
    return len(taken)


async def test_a_relay_that_lost_postgres_before_it_could_delete_adds_no_job_again_even_if_it_is_gone(
    database: AsyncConnection[Any],
    database_url: str,
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    keys: QueueKeys,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    delete, ran = OutboxTable.delete, 0

    async def run_all_and_break_once(table: OutboxTable, positions: Sequence[int]) -> None:
        nonlocal ran
        if ran == 0:
            ran = await run_and_remove_all(connection, keys)
            raise OperationalError("server closed the connection unexpectedly")
        await delete(table, positions)

    monkeypatch.setattr(OutboxTable, "delete", run_all_and_break_once)
    async with database.transaction():
        for colour in ("red", "green", "blue"):
            await outbox.enqueue(database, Paint(colour=colour))
    async with running_relay(database_url, broker.url, prefix) as relay:
        await until_relayed(database)
        await eventually(lambda: relay.counts.relayed == 3)
    assert ran == 3
    assert await waiting_jobs(connection, keys) == []


async def test_it_endures_a_redis_that_is_gone_and_one_that_hangs(
    database: AsyncConnection[Any], database_url: str, server: Any, prefix: str, keys: QueueKeys
) -> None:
    with EmbeddedBroker(port=0, program=server) as own:
        own.stop()
        async with running_relay(database_url, own.url, prefix) as relay:
            await outbox.enqueue(database, Paint(colour="one"))
            own.start()
            await until_relayed(database)
            with frozen(own):
                await outbox.enqueue(database, Paint(colour="two"))
                own_status = await OutboxTable(database).status()
                assert own_status.waiting == 1
            await until_relayed(database)
            await eventually(lambda: relay.counts.relayed == 2)
        async with await Connection.open(own.url) as connection:
            assert len(await waiting_jobs(connection, keys)) == 2


async def test_it_endures_a_postgres_that_is_gone(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    with own_postgres() as server:
        async with outbox_connection(server.url) as database:
            await outbox.enqueue(database, Paint(colour="one"))
        async with running_relay(server.url, broker.url, prefix) as relay:
            await eventually(lambda: relay.counts.relayed == 1)
            server.stop()
            await eventually(lambda: not relay.is_leading)
            server.start()
            async with outbox_connection(server.url) as database:
                await outbox.enqueue(database, Paint(colour="two"))
                await until_relayed(database)
    assert len(await waiting_jobs(connection, keys)) == 2


async def test_its_session_can_be_ended_at_any_time(
    database: AsyncConnection[Any],
    database_url: str,
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    keys: QueueKeys,
) -> None:
    async with running_relay(database_url, broker.url, prefix, poll=600.0) as relay:
        for number in range(5):
            await eventually(lambda: relay.is_leading)
            await database.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'toril-outbox' AND datname = current_database()"
            )
            await outbox.enqueue(database, Paint(colour=str(number)))
            await until_relayed(database)
    assert len(await waiting_jobs(connection, keys)) == 5
