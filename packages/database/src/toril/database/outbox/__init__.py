"""The transactional outbox: jobs that are added exactly if the caller's own transaction is committed.

async with database.transaction() as connection:
    await connection.execute("INSERT INTO books (title) VALUES (%s)", [title])
    await outbox.enqueue(connection, IndexBook(title=title))
"""

from toril.database.outbox.adding import enqueue, enqueue_flow
from toril.database.outbox.connections import TransactionConnection
from toril.database.outbox.entry import OutboxEntry, OutboxJob
from toril.database.outbox.status import OutboxStatus, SetAside
from toril.database.outbox.table import OutboxRow, OutboxTable

__all__ = [
    "OutboxEntry",
    "OutboxJob",
    "OutboxRow",
    "OutboxStatus",
    "OutboxTable",
    "SetAside",
    "TransactionConnection",
    "enqueue",
    "enqueue_flow",
]
