"""From a transaction to Redis: what is committed comes, once and in order; what is rolled back does not."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg import AsyncConnection

from support.flow_jobs import Bind, CountWords
from support.jobs import Paint, handlers, paint
from support.outboxes import outbox_connection, running_relay, until_relayed, waiting_jobs
from support.waiting import eventually
from toril.backend import QueueService
from toril.backend.outbox import OutboxRelay
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.database import OutboxMissing, outbox
from toril.database.outbox import OutboxTable
from toril.jobs import Child, Deduplicate, Flow
from toril.types import JobState
from toril.worker import WorkerFactory


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[AsyncConnection[Any]]:
    async with outbox_connection(database_url) as connection:
        yield connection


@pytest.fixture
async def relay(
    database: AsyncConnection[Any], database_url: str, broker: EmbeddedBroker, prefix: str
) -> AsyncIterator[OutboxRelay]:
    """A relay that looks for rows so seldom that only a notification can have woken it."""
    async with running_relay(database_url, broker.url, prefix, poll=600.0) as relay:
        await eventually(lambda: relay.is_leading)
        yield relay


def colours(jobs: list[str]) -> list[str]:
    return [Paint.contract().decode(data).colour for data in jobs]


async def test_what_is_committed_comes_at_once_and_what_is_rolled_back_does_not(
    relay: OutboxRelay, database: AsyncConnection[Any], connection: Connection, keys: QueueKeys
) -> None:
    async with database.transaction(force_rollback=True):
        await outbox.enqueue(database, Paint(colour="red"))
    async with database.transaction():
        job_id = await outbox.enqueue(database, Paint(colour="green"))
        assert await connection.execute("EXISTS", keys.meta, keys.wait) == 0
    await until_relayed(database)
    assert colours(await waiting_jobs(connection, keys)) == ["green"]
    assert await connection.execute("LINDEX", keys.wait, 0) == job_id.encode()
    await eventually(lambda: relay.counts.relayed == 1)


async def test_the_job_is_followed_by_the_id_that_enqueue_answered_with(
    relay: OutboxRelay, database: AsyncConnection[Any], broker: EmbeddedBroker, prefix: str
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        WorkerFactory(broker.url, handlers, prefix=prefix).create(paint) as worker,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(worker.run())
        async with database.transaction():
            job_id = await outbox.enqueue(database, Paint(colour="red"))
        await until_relayed(database)
        painted = await queues.handle(Paint, job_id).result(timeout=30.0)
        assert painted.colour == "red"
        worker.stop()


async def test_jobs_of_one_key_come_in_the_order_of_their_commits(
    relay: OutboxRelay,
    database: AsyncConnection[Any],
    database_url: str,
    connection: Connection,
    keys: QueueKeys,
) -> None:
    """Many transactions at once, each reading the number that the one before it has left."""
    await database.execute("CREATE TABLE turns (number integer); INSERT INTO turns VALUES (0)")

    async def take_turns() -> None:
        async with outbox_connection(database_url) as own:
            for _ in range(10):
                async with own.transaction():
                    row = await (
                        await own.execute("UPDATE turns SET number = number + 1 RETURNING number")
                    ).fetchone()
                    assert row
                    await outbox.enqueue(own, Paint(colour=str(row[0])), key="turns")

    await asyncio.gather(*[take_turns() for _ in range(8)])
    await until_relayed(database)
    assert colours(await waiting_jobs(connection, keys)) == [str(number) for number in range(1, 81)]


async def test_what_the_producer_says_holds_once_the_job_is_in_redis(
    relay: OutboxRelay, database: AsyncConnection[Any], broker: EmbeddedBroker, prefix: str
) -> None:
    async with database.transaction():
        await outbox.enqueue(database, Paint(colour="red"), delay=600.0, job_id="later")
        await outbox.enqueue(database, Paint(colour="blue"), priority=3, job_id="urgent")
        await outbox.enqueue(database, Paint(colour="one"), deduplicate=Deduplicate("key"), job_id="first")
        await outbox.enqueue(database, Paint(colour="two"), deduplicate=Deduplicate("key"), job_id="second")
        await outbox.enqueue(database, Paint(colour="again"), job_id="first")
    await until_relayed(database)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        counts = (await queues.inspect(paint).counts()).by_state
        assert {state: count for state, count in counts.items() if count} == {
            JobState.DELAYED: 1,
            JobState.PRIORITIZED: 1,
            JobState.WAITING: 1,
        }
        later = await queues.handle(Paint, "later").record()
        assert later.delay is not None
        assert 590 < later.delay <= 600
        first = await queues.handle(Paint, "first").record()
        assert colours([first.data]) == ["one"]


async def test_a_flow_comes_whole(
    relay: OutboxRelay, database: AsyncConnection[Any], broker: EmbeddedBroker, prefix: str
) -> None:
    pages = [CountWords(text="one two"), Child(CountWords(text="three"), job_id="page-2")]
    async with database.transaction():
        job_id = await outbox.enqueue_flow(database, Flow(Bind(title="novels"), pages))
    await until_relayed(database)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        tree = await queues.get_flow(Bind, job_id)
        assert tree.record.state is JobState.WAITING_CHILDREN
        assert len(tree.children) == 2
        assert "page-2" in [child.record.id for child in tree.children]


async def test_a_row_that_cannot_be_relayed_is_set_aside_and_the_others_come(
    relay: OutboxRelay, database: AsyncConnection[Any], connection: Connection, keys: QueueKeys
) -> None:
    children = [Child(CountWords(text="one"), job_id="page-1")]
    async with database.transaction():
        await outbox.enqueue(database, Paint(colour="before"))
        await database.execute(
            "INSERT INTO toril.outbox (id, queue, entry) VALUES (gen_random_uuid(), 'paint', '{\"kind\": 7}')"
        )
        await outbox.enqueue_flow(database, Flow(Bind(title="first"), children, job_id="volume-1"))
        await outbox.enqueue_flow(database, Flow(Bind(title="second"), children, job_id="volume-2"))
        await outbox.enqueue(database, Paint(colour="after"))
    status = await until_relayed(database)
    assert status.set_aside == 2
    assert colours(await waiting_jobs(connection, keys)) == ["before", "after"]
    unreadable, refused = await OutboxTable(database).rows_set_aside()
    assert unreadable.reason.startswith("it cannot be read")
    assert "child of another job" in refused.reason
    await eventually(lambda: (relay.counts.relayed, relay.counts.set_aside) == (3, 2))


async def test_what_redis_refuses_costs_one_queue_and_can_be_tried_again(
    relay: OutboxRelay, database: AsyncConnection[Any], connection: Connection, keys: QueueKeys
) -> None:
    pages = QueueKeys("pages", keys.prefix)
    broken = keys.base + "prioritized"
    await connection.execute("SET", broken, "no sorted set")
    async with database.transaction():
        await outbox.enqueue(database, Paint(colour="one"))
        await outbox.enqueue(database, Paint(colour="urgent"), priority=1)
        await outbox.enqueue(database, CountWords(text="another queue"))
    status = await until_relayed(database)
    assert status.set_aside == 2
    assert len(await waiting_jobs(connection, pages)) == 1
    await connection.execute("DEL", broken)
    assert await OutboxTable(database).retry() == 2
    assert (await until_relayed(database)).set_aside == 0
    assert colours(await waiting_jobs(connection, keys)) == ["one"]
    assert await connection.execute("ZCARD", broken) == 1


async def test_one_relay_works_and_another_one_takes_over(
    database: AsyncConnection[Any],
    database_url: str,
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    keys: QueueKeys,
) -> None:
    async with running_relay(database_url, broker.url, prefix) as second:
        async with running_relay(database_url, broker.url, prefix) as first:
            await eventually(lambda: first.is_leading or second.is_leading)
            leader, other = (first, second) if first.is_leading else (second, first)
            await outbox.enqueue(database, Paint(colour="one"))
            await until_relayed(database)
            await eventually(lambda: (leader.counts.relayed, other.counts.relayed) == (1, 0))
            leader.stop()
            await eventually(lambda: other.is_leading)
            await outbox.enqueue(database, Paint(colour="two"))
            await until_relayed(database)
    assert other.counts.relayed == 1
    assert colours(await waiting_jobs(connection, keys)) == ["one", "two"]


async def test_more_rows_than_a_batch_holds_come_in_order(
    database: AsyncConnection[Any],
    database_url: str,
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    keys: QueueKeys,
) -> None:
    async with database.transaction():
        for number in range(25):
            await outbox.enqueue(database, Paint(colour=str(number)))
    async with running_relay(database_url, broker.url, prefix, batch=4):
        await until_relayed(database)
    assert colours(await waiting_jobs(connection, keys)) == [str(number) for number in range(25)]


async def test_a_database_without_an_outbox_is_an_error_that_says_what_to_do(
    database_url: str, broker: EmbeddedBroker, prefix: str
) -> None:
    with pytest.raises(OutboxMissing, match="toril database migrate"):
        await OutboxRelay(database_url, broker.url, prefix=prefix).run()
