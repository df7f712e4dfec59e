"""The outbox as its relay sees it."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from toril.database.outbox.status import OutboxStatus, SetAside

CHANNEL = "toril_outbox"
LONGEST_REASON = 2_000
MOST_SHOWN = 1_000

# Held by the one relay that works, for as long as its session lives.
_LEADER = 0x746F72696C000002  # "toril", 2
_LEADER_PARTS = (_LEADER >> 32, _LEADER & 0xFFFFFFFF)  # as pg_locks shows it

_PENDING = """
SELECT position, id::text, entry FROM (
    SELECT
        position, id, entry, sum(octet_length(entry)) OVER (ORDER BY position) - octet_length(entry) AS before
    FROM (
        SELECT position, id, entry FROM toril.outbox WHERE set_aside_at IS NULL ORDER BY position LIMIT %s
    ) AS first
) AS counted
WHERE before < %s ORDER BY position
"""
_STATUS = """
SELECT
    count(*) FILTER (WHERE set_aside_at IS NULL),
    coalesce(
        extract(epoch FROM clock_timestamp() - min(added_at) FILTER (WHERE set_aside_at IS NULL)), 0
    )::float8,
    count(*) FILTER (WHERE set_aside_at IS NOT NULL),
    EXISTS (
        SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid = %s AND objid = %s AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND granted
    )
FROM toril.outbox
"""


class OutboxRow(NamedTuple):
    """A row that was committed. `id` is what Redis remembers it by; `entry` is for `OutboxEntry.read`."""

    position: int
    id: str
    entry: str


class OutboxTable:
    """The outbox of one database.

    Args:
        connection: in autocommit. What psycopg raises passes through.
    """

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def exists(self) -> bool:
        """Whether the database has been migrated."""
        return bool(await self._value("SELECT to_regclass('toril.outbox') IS NOT NULL"))

    async def try_to_lead(self) -> bool:
        """Whether this connection is the one that relays from now on, until it is closed."""
        return bool(await self._value("SELECT pg_try_advisory_lock(%s)", _LEADER))

    async def listen(self) -> None:
        """Has the connection's socket be readable when a transaction with jobs was committed."""
        await self._connection.execute(f"LISTEN {CHANNEL}")

    async def pending(self, most: int, most_bytes: int) -> list[OutboxRow]:
        """The first rows that are to be relayed, in order: one at least, if there is one."""
        rows = await self._connection.execute(_PENDING, [most, most_bytes])
        return [OutboxRow(*row) for row in await rows.fetchall()]

    async def delete(self, positions: Sequence[int]) -> None:
        """Removes rows whose jobs Redis has."""
        await self._connection.execute("DELETE FROM toril.outbox WHERE position = ANY(%s)", [list(positions)])

    async def set_aside(self, position: int, reason: str) -> None:
        """Lets a row be passed over, and notes why."""
        await self._connection.execute(
            "UPDATE toril.outbox SET set_aside_at = clock_timestamp(), reason = %s WHERE position = %s",
            [reason[:LONGEST_REASON], position],
        )

    async def status(self) -> OutboxStatus:
        """How far the relay is behind."""
        row = await (await self._connection.execute(_STATUS, _LEADER_PARTS)).fetchone()
        assert row is not None  # noqa: S101 - an aggregate has a row
        return OutboxStatus(*row)

    async def rows_set_aside(self) -> list[SetAside]:
        """The rows that could not be relayed, the first thousand of them."""
        rows = await self._connection.execute(
            "SELECT id::text, queue, key, added_at, reason FROM toril.outbox "
            "WHERE set_aside_at IS NOT NULL ORDER BY position LIMIT %s",
            [MOST_SHOWN],
        )
        return [SetAside(*row) for row in await rows.fetchall()]

    async def retry(self, row_ids: Sequence[str] | None = None) -> int:
        """Lets rows that were set aside be relayed again; all of them by default. How many there were."""
        done = await self._connection.execute(
            "UPDATE toril.outbox SET set_aside_at = NULL, reason = NULL "
            "WHERE set_aside_at IS NOT NULL AND (%s::text[] IS NULL OR id::text = ANY(%s))",
            [row_ids, row_ids],
        )
        await self._connection.execute(f"NOTIFY {CHANNEL}")
        return done.rowcount

    async def _value(self, query: str, *parameters: object) -> Any:
        row = await (await self._connection.execute(query.encode(), parameters)).fetchone()
        return row[0] if row else None
