"""Jobs in the caller's own transaction, through each driver's connection."""

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
import psycopg
import pytest
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from support.waiting import eventually
from toril.database import Database, OutboxMissing, UnknownConnection, outbox
from toril.database.connecting import connect
from toril.database.outbox import OutboxEntry, OutboxTable
from toril.jobs import (
    Child,
    Deduplicate,
    Flow,
    InvalidFlow,
    InvalidPayload,
    Job,
    OnFailure,
    Queue,
    Retry,
    custom,
)
from toril.types import InvalidJobOptions, JobOptions
from toril.types.flow import MOST_JOBS_A_FLOW

books = Queue("books")
agents = Queue("agents")


class IndexBook(Job[int], queue=books, name="index-book", retry=Retry(attempts=3, backoff=custom("polite"))):
    """Adds a book to the index."""

    title: Annotated[str, Field(max_length=50)]


class ReadBook(Job[str], queue=agents, name="read-book"):
    """Reads a book."""

    page: int = 1


class Rollback(Exception):
    """A caller's reason to roll back."""


Transaction = Callable[[str], AbstractAsyncContextManager[Any]]


@asynccontextmanager
async def of_psycopg(url: str) -> AsyncGenerator[Any]:
    async with await psycopg.AsyncConnection.connect(url) as connection, connection.transaction():
        yield connection


@asynccontextmanager
async def of_asyncpg(url: str) -> AsyncGenerator[Any]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def of_asyncpg_pool(url: str) -> AsyncGenerator[Any]:
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool, pool.acquire() as connection:
        async with connection.transaction():
            yield connection


@asynccontextmanager
async def of_sqlalchemy(url: str, driver: str = "psycopg") -> AsyncGenerator[Any]:
    engine = create_async_engine(url.replace("postgresql://", f"postgresql+{driver}://"))
    try:
        async with engine.begin() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def of_sqlalchemy_on_asyncpg(url: str) -> AsyncGenerator[Any]:
    async with of_sqlalchemy(url, "asyncpg") as connection:
        yield connection


@asynccontextmanager
async def of_an_orm_session(url: str) -> AsyncGenerator[Any]:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        async with AsyncSession(engine) as session, session.begin():
            yield session
    finally:
        await engine.dispose()


DRIVERS = [
    of_psycopg,
    of_asyncpg,
    of_asyncpg_pool,
    of_sqlalchemy,
    of_sqlalchemy_on_asyncpg,
    of_an_orm_session,
]
each_driver = pytest.mark.parametrize("transaction", DRIVERS, ids=lambda driver: driver.__name__)


async def entries(url: str) -> list[OutboxEntry]:
    """What was committed, in the order in which it is relayed."""
    async with await connect(url, name="test") as connection:
        return [OutboxEntry.read(row.entry) for row in await OutboxTable(connection).pending(100, 10**6)]


async def enqueue_and_roll_back(transaction: AbstractAsyncContextManager[Any]) -> None:
    async with transaction as connection:
        await outbox.enqueue(connection, IndexBook(title="one"))
        raise Rollback


@each_driver
async def test_a_job_is_there_once_its_transaction_is_committed(
    database: Database, database_url: str, transaction: Transaction
) -> None:
    async with transaction(database_url) as connection:
        job_id = await outbox.enqueue(
            connection, IndexBook(title="Ünïcode \x00 'quoted'"), key="a %s $1 :key"
        )
        assert await entries(database_url) == []
    [entry] = await entries(database_url)
    assert (entry.kind, entry.first.queue, entry.first.name) == ("job", "books", "index-book")
    assert entry.first.job_id == job_id
    assert IndexBook.contract().decode(entry.first.payload) == IndexBook(title="Ünïcode \x00 'quoted'")


@each_driver
async def test_a_transaction_that_is_rolled_back_enqueues_nothing(
    database: Database, database_url: str, transaction: Transaction
) -> None:
    with pytest.raises(Rollback):
        await enqueue_and_roll_back(transaction(database_url))
    assert await entries(database_url) == []


@each_driver
async def test_a_database_without_an_outbox_says_what_to_do(
    database_url: str, transaction: Transaction
) -> None:
    with pytest.raises(OutboxMissing, match="toril database migrate"):
        async with transaction(database_url) as connection:
            await outbox.enqueue(connection, IndexBook(title="one"))


async def test_what_the_contract_and_the_caller_say_travels_with_the_job(
    database: Database, database_url: str
) -> None:
    added = datetime(2026, 11, 27, 12, tzinfo=UTC)
    key = Deduplicate("one", ttl=5.0)
    async with database.transaction() as connection:
        await outbox.enqueue(
            connection,
            IndexBook(title="one"),
            delay=5.0,
            priority=2,
            lifo=True,
            expires_in=60.0,
            job_id="book-1",
            deduplicate=key,
            enqueued_at=added,
        )
    [entry] = await entries(database_url)
    assert (entry.first.job_id, entry.first.has_own_id) == ("book-1", True)
    assert entry.first.options == JobOptions(
        attempts=3,
        backoff=custom("polite"),
        delay=5.0,
        priority=2,
        lifo=True,
        expires_in=60.0,
        deduplicate=key,
        enqueued_at=added.timestamp(),
        contract_version=1,
    )
    assert OutboxEntry.read(entry.write()) == entry


@pytest.mark.parametrize(("kind", "parents"), [("job", []), ("flow", []), ("job", [None, None])])
def test_an_entry_written_by_hand_has_as_many_jobs_as_its_kind(kind: str, parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match=f"a {kind} of {len(parents)} jobs"):
        OutboxEntry.read(entry_by_hand(kind, parents))


@pytest.mark.parametrize("parents", [[0], [None, None], [None, 1], [None, -1], [None, 7]])
def test_a_flow_written_by_hand_has_its_parents_before_their_children(parents: list[int | None]) -> None:
    with pytest.raises(ValueError, match="does not stand behind its parent"):
        OutboxEntry.read(entry_by_hand("flow", parents))


def entry_by_hand(kind: str, parents: list[int | None]) -> str:
    job = {"queue": "agents", "job_id": "page", "name": "read-book", "payload": "{}", "options": {}}
    return json.dumps({"kind": kind, "jobs": [job | {"parent": parent} for parent in parents]})


async def test_a_flow_is_one_row(database: Database, database_url: str) -> None:
    reading = Child(ReadBook(page=2), on_failure=OnFailure.IGNORE, job_id="page-2")
    async with database.transaction() as connection:
        job_id = await outbox.enqueue_flow(connection, Flow(IndexBook(title="one"), [ReadBook(), reading]))
    [entry] = await entries(database_url)
    assert entry.kind == "flow"
    assert [(job.name, job.parent, job.waits, job.on_failure) for job in entry.jobs] == [
        ("index-book", None, True, OnFailure.FAIL_PARENT),
        ("read-book", 0, False, OnFailure.FAIL_PARENT),
        ("read-book", 0, False, OnFailure.IGNORE),
    ]
    assert (entry.first.job_id, entry.jobs[2].job_id) == (job_id, "page-2")


@pytest.mark.parametrize(
    ("job", "options", "refusal"),
    [
        (IndexBook.model_construct(title=7), {}, InvalidPayload),
        (IndexBook(title="one"), {"delay": -1.0}, InvalidJobOptions),
        (IndexBook(title="one"), {"job_id": "7"}, InvalidJobOptions),
        (IndexBook(title="one"), {"key": ""}, InvalidJobOptions),
        (IndexBook(title="one"), {"enqueued_at": datetime(2026, 1, 1)}, InvalidJobOptions),
    ],
)
async def test_what_does_not_fit_is_refused_before_anything_is_written_and_the_transaction_goes_on(
    database: Database, database_url: str, job: Any, options: Any, refusal: type[Exception]
) -> None:
    async with database.transaction() as connection:
        with pytest.raises(refusal):
            await outbox.enqueue(connection, job, **options)
        await outbox.enqueue(connection, ReadBook())
    assert [entry.first.name for entry in await entries(database_url)] == ["read-book"]


async def test_a_flow_larger_than_one_step_adds_is_refused_before_anything_is_written(
    database: Database, database_url: str
) -> None:
    flow = Flow(IndexBook(title="one"), [ReadBook() for _ in range(MOST_JOBS_A_FLOW)])
    async with database.transaction() as connection:
        with pytest.raises(InvalidFlow, match="1,001 jobs"):
            await outbox.enqueue_flow(connection, flow)
    assert await entries(database_url) == []


@pytest.mark.parametrize("connection", [None, object(), "postgresql://"])
async def test_a_connection_of_another_kind_is_refused(connection: Any) -> None:
    with pytest.raises(UnknownConnection, match=type(connection).__qualname__):
        await outbox.enqueue(connection, IndexBook(title="one"))


async def test_rows_of_one_key_are_in_the_order_of_their_commits(
    database: Database, database_url: str
) -> None:
    """The transaction that has the key holds it: another one that wants it waits for the end of the first."""
    async with (
        await connect(database_url, name="first") as first,
        await connect(database_url, name="second") as second,
    ):
        async with first.transaction():
            await outbox.enqueue(first, ReadBook(page=1), key="book")
            await second.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                async with second.transaction():
                    await outbox.enqueue(second, ReadBook(page=2), key="book")
            async with second.transaction():
                await outbox.enqueue(second, ReadBook(page=3), key="another book")
        async with second.transaction():
            await outbox.enqueue(second, ReadBook(page=4), key="book")
    pages = [ReadBook.contract().decode(entry.first.payload).page for entry in await entries(database_url)]
    assert sorted(pages) == [1, 3, 4]
    assert pages.index(1) < pages.index(4)


async def test_a_batch_is_bounded_in_bytes_and_has_one_row_at_least(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as connection:
        for page in range(3):
            await outbox.enqueue(connection, ReadBook(page=page))
    async with await connect(database_url, name="test") as connection:
        table = OutboxTable(connection)
        size = len((await table.pending(1, 1))[0].entry)
        assert len(await table.pending(10, 1)) == 1
        assert len(await table.pending(10, size + 1)) == 2
        assert len(await table.pending(2, 10**6)) == 2


async def test_the_status_tells_what_waits_and_what_was_set_aside(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as connection:
        await outbox.enqueue(connection, ReadBook(page=1))
        await outbox.enqueue(connection, ReadBook(page=2))
    async with await connect(database_url, name="test") as connection:
        table = OutboxTable(connection)
        first, second = await table.pending(10, 10**6)
        await table.set_aside(first.position, "no such thing")
        status = await table.status()
        assert (status.waiting, status.set_aside, status.is_led) == (1, 1, False)
        assert status.oldest > 0
        assert [(row.id, row.queue, row.reason) for row in await table.rows_set_aside()] == [
            (first.id, "agents", "no such thing")
        ]
        assert [row.id for row in await table.pending(10, 10**6)] == [second.id]
        assert await table.retry([second.id]) == 0
        assert await table.retry() == 1
        assert [row.id for row in await table.pending(10, 10**6)] == [first.id, second.id]


async def test_one_connection_leads_until_it_is_closed(database: Database, database_url: str) -> None:
    async with await connect(database_url, name="second") as second:
        async with await connect(database_url, name="first") as first:
            assert await OutboxTable(first).try_to_lead()
            assert not await OutboxTable(second).try_to_lead()
            assert (await OutboxTable(second).status()).is_led
        await eventually(OutboxTable(second).try_to_lead)  # the server frees the lock as it ends the session
