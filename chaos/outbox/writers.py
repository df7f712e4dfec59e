"""Those who commit transactions, and roll some of them back."""

import asyncio
import random
from collections.abc import Iterator
from itertools import count
from typing import Any

from psycopg import AsyncConnection, OperationalError

from chaos.outbox.jobs import Turn
from toril.database import DatabaseUnavailable, outbox
from toril.database.connecting import connect

ROLLED_BACK = 0.2
TRY_AGAIN_AFTER = 0.05

# What says in the end which transactions were committed: its row and the job's are in one.
LEDGER = "CREATE TABLE ledger (number integer PRIMARY KEY, writer integer NOT NULL)"


class Writers:
    """Several writers that take numbers from one row of them; each enqueues under a key of its own.

    Attributes:
        attempted: how many transactions have ended, or were broken off.
        rolled_back: the numbers of those that were rolled back on purpose.
    """

    def __init__(self, url: str, transactions: int, seed: int) -> None:
        self._url = url
        self._transactions = transactions
        self._random = random.Random(seed)  # noqa: S311 - a run can be repeated by its seed
        self._numbers: Iterator[int] = count(1)
        self._allowed = 0
        self._more = asyncio.Event()
        self.attempted = 0
        self.rolled_back: set[int] = set()

    def allow(self, transactions: int) -> None:
        """Lets so many transactions be attempted, all in all; none by default."""
        self._allowed = transactions
        self._more.set()

    async def write(self, writers: int) -> None:
        """Until all transactions were attempted."""
        async with asyncio.TaskGroup() as group:
            for writer in range(writers):
                group.create_task(self._write(writer))

    async def _write(self, writer: int) -> None:
        while self.attempted < self._transactions:
            try:
                async with await connect(self._url, name="chaos") as connection:
                    while self.attempted < self._transactions:
                        await self._attempt(connection, writer)
            except (OperationalError, DatabaseUnavailable):
                # Nobody knows whether the transaction under way was committed. The ledger will.
                await asyncio.sleep(TRY_AGAIN_AFTER)

    async def _attempt(self, connection: AsyncConnection[Any], writer: int) -> None:
        while self._allowed <= self.attempted < self._transactions:
            self._more.clear()
            await self._more.wait()
        if self.attempted >= self._transactions:
            return
        number, self.attempted = next(self._numbers), self.attempted + 1
        is_rolled_back = self._random.random() < ROLLED_BACK
        if is_rolled_back:
            self.rolled_back.add(number)
        async with connection.transaction(force_rollback=is_rolled_back):
            await connection.execute("INSERT INTO ledger VALUES (%s, %s)", [number, writer])
            await outbox.enqueue(connection, Turn(number=number), key=str(writer), job_id=f"turn-{number}")
