"""The transaction of an outbox may be in a connection of each of the drivers, and in nothing else."""

from typing import assert_type

import asyncpg
import psycopg
from psycopg.rows import DictRow
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from toril.database import Database, outbox
from toril.jobs import Flow, Job, Queue

shelves = Queue("types-outbox-shelves")


class Shelve(Job[int], queue=shelves, name="shelve"):
    title: str


async def enqueue_in(
    ours: Database,
    rows: psycopg.AsyncConnection[DictRow],
    other: "asyncpg.Connection[asyncpg.Record]",
    core: AsyncConnection,
    orm: AsyncSession,
) -> None:
    job = Shelve(title="The Gate")
    async with ours.transaction() as connection:
        assert_type(await outbox.enqueue(connection, job, key="gate", delay=5.0), str)
    assert_type(await outbox.enqueue(rows, job), str)
    assert_type(await outbox.enqueue(other, job), str)
    assert_type(await outbox.enqueue(core, job), str)
    assert_type(await outbox.enqueue_flow(orm, Flow(job, [job])), str)


async def refuse(ours: Database, rows: psycopg.AsyncConnection[DictRow]) -> None:
    await outbox.enqueue(ours, Shelve(title=""))  # error: reportArgumentType arg-type
    await outbox.enqueue("postgresql://", Shelve(title=""))  # error: reportArgumentType arg-type
    await outbox.enqueue(rows, "The Gate")  # error: reportArgumentType arg-type
