"""Writing jobs into the caller's own transaction."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from toril.database.outbox.connections import TransactionConnection, insert
from toril.database.outbox.entry import OutboxEntry, entry_of_flow, entry_of_job
from toril.jobs import Contract, Deduplicate, Flow, Job
from toril.types import InvalidJobOptions
from toril.types.job_options import options_of

TABLE = "toril.outbox"
LONGEST_KEY = 500


async def enqueue(
    connection: TransactionConnection,
    job: Job[Any],
    *,
    key: str | None = None,
    delay: float = 0.0,
    priority: int = 0,
    lifo: bool = False,
    expires_in: float | None = None,
    job_id: str | None = None,
    deduplicate: Deduplicate | None = None,
    enqueued_at: datetime | None = None,
) -> str:
    """Adds a job to its contract's queue, if and when the caller's transaction is committed.

    The relay (`toril outbox`) adds it to Redis then, once; `queues.handle(IndexBook, job_id)` follows it.

    Args:
        connection: psycopg's AsyncConnection, SQLAlchemy's AsyncConnection or AsyncSession, or asyncpg's
            Connection, in the transaction that the job belongs to.
        key: jobs of one key come into their queues in the order in which their transactions are committed. A
            transaction holds its key until it ends: others that want it wait.
        delay: seconds before it may start, from this call on.
        priority, lifo, job_id, deduplicate: as for `QueueService.enqueue`. They take effect as the job
            comes to Redis.
        expires_in: seconds after which nobody wants it any more, from this call on.
        enqueued_at: when the job counts as added, with a time zone; by default now.

    Returns:
        The job's id.

    Raises:
        InvalidPayload: the job does not fit its contract; nothing is written.
        InvalidJobOptions: an option out of range; nothing is written.
        NotAContract: the job's class has no name.
        UnknownConnection: a connection of another kind.
        OutboxMissing: the database has not been migrated. As with any error of the database, the transaction
            cannot be committed any more.
    """
    contract: Contract[Any, Any] = type(job).contract()
    options = options_of(
        contract,
        delay=delay,
        priority=priority,
        lifo=lifo,
        expires_in=expires_in,
        deduplicate=deduplicate,
        enqueued_at=_seconds(enqueued_at or datetime.now(UTC)),
    )
    return await _add(connection, entry_of_job(contract, job, options, job_id), key)


async def enqueue_flow(connection: TransactionConnection, flow: Flow[Any], *, key: str | None = None) -> str:
    """Adds a job and its children, and theirs, if and when the caller's transaction is committed.

    Args:
        connection, key: as for `enqueue`.

    Returns:
        The id of the flow's parent.

    Raises:
        InvalidFlow: it has more jobs (1,000) or bytes (16 million) than one step adds; nothing is written.
        as `enqueue`.
    """
    return await _add(connection, entry_of_flow(flow), key)


async def _add(connection: TransactionConnection, entry: OutboxEntry, key: str | None) -> str:
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise InvalidJobOptions("key", key[:50], f"1 to {LONGEST_KEY} characters, or None for no order")
    row = {"id": str(uuid4()), "queue": entry.first.queue, "key": key, "entry": entry.write()}
    await insert(connection, TABLE, row)
    return entry.first.job_id


def _seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        raise InvalidJobOptions("enqueued_at", moment, "give it a time zone, as in datetime.now(UTC)")
    return moment.timestamp()
