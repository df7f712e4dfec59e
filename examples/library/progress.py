"""How far the documents are."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from pydantic import BaseModel

from toril.database import Database

LOOK_EVERY = 0.2
COUNTS = """
SELECT count(*) AS documents,
    count(*) FILTER (WHERE state = 'waiting') AS waiting,
    count(*) FILTER (WHERE state = 'indexed') AS indexed,
    count(*) FILTER (WHERE state = 'failed') AS failed,
    (SELECT count(*) FROM passages) AS passages
FROM documents
"""
FAILURES = "SELECT path, reason FROM documents WHERE state = 'failed' ORDER BY path LIMIT 100"


class Progress(BaseModel):
    """How many documents there are, how far they are, and how many passages can be found."""

    documents: int
    waiting: int
    indexed: int
    failed: int
    passages: int


class Failure(BaseModel):
    """A document that could not be embedded, and why."""

    path: str
    reason: str


async def progress(connection: AsyncConnection[Any]) -> Progress:
    """How far all documents are."""
    async with connection.cursor(row_factory=class_row(Progress)) as cursor:
        await cursor.execute(COUNTS)
        counts = await cursor.fetchone()
    assert counts is not None  # noqa: S101 - a count always has a row
    return counts


async def failures(connection: AsyncConnection[Any]) -> list[Failure]:
    """The documents that failed, at most 100."""
    async with connection.cursor(row_factory=class_row(Failure)) as cursor:
        await cursor.execute(FAILURES)
        return await cursor.fetchall()


async def progress_events(database: Database) -> AsyncIterator[str]:
    """Server-sent events: how far the documents are, whenever that has changed, until none waits."""
    told: Progress | None = None
    while told is None or told.waiting:
        async with database.transaction() as connection:
            now = await progress(connection)
        if now != told:
            yield f"event: progress\ndata: {now.model_dump_json()}\n\n"
            told = now
        await asyncio.sleep(LOOK_EVERY)
