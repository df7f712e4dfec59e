"""The relay of one outbox."""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg import AsyncConnection, InternalError, OperationalError

from toril.backend.outbox import log
from toril.backend.outbox.delivery import deliver
from toril.bull.bounds import MOST_BYTES_A_SCRIPT, MOST_JOBS_A_SCRIPT
from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import DEFAULT_PREFIX
from toril.bull.outage import Outage
from toril.bull.relaying import RelayQueue
from toril.database import DatabaseUnavailable, OutboxMissing
from toril.database.address import describe
from toril.database.connecting import connect, reason_of
from toril.database.outbox import OutboxTable

CLIENT_NAME = "toril-outbox"
TRY_TO_LEAD_EVERY = 1.0
LOOK_WITHIN = 2.0
# A server that hangs is given up after so many milliseconds.
SETTINGS = "SET statement_timeout = 30000"
# A server that has become a replica says so by an internal error.
_GONE = (DatabaseUnavailable, OperationalError, InternalError)


@dataclass(slots=True)
class RelayCounts:
    """What a relay has done since it was made."""

    relayed: int = 0
    set_aside: int = 0


class OutboxRelay:
    """Moves what was committed from the outbox of a database to Redis: each row once, in order.

        relay = OutboxRelay(database_url, redis_url)
        async with asyncio.TaskGroup() as group:
            group.create_task(relay.run())
            ...
            relay.stop()

    Of several relays of one database one works, and the others stand by. It outlasts a PostgreSQL and a Redis
    that are gone for a while.

    Args:
        database_url: where the outbox is. It needs a session of its own: no pooler that shares sessions
            between transactions can stand in between.
        redis_url: redis://, rediss:// or unix://.
        prefix: the first part of every key; the same as the workers'.
        poll: look for rows so often, in seconds, even if no notification came.
        strict: refuse a Redis that may evict keys, instead of warning about it.
        batch: how many rows are read and added at a time, 1 to 250.

    Attributes:
        counts: what it has done.
        is_leading: whether it is the one that works.

    Raises:
        InvalidDatabaseURL: the database's URL does not say where PostgreSQL is.
    """

    def __init__(
        self,
        database_url: str,
        redis_url: str,
        *,
        prefix: str = DEFAULT_PREFIX,
        poll: float = 5.0,
        strict: bool = False,
        batch: int = MOST_JOBS_A_SCRIPT,
    ) -> None:
        describe(database_url)
        self._database_url = database_url
        self._redis_url = redis_url
        self._prefix = prefix
        self._poll = poll
        self._strict = strict
        self._batch = min(max(batch, 1), MOST_JOBS_A_SCRIPT)
        self._database_outage = _outage("PostgreSQL")
        self._broker_outage = _outage("Redis")
        self._stopped = asyncio.Event()
        self._woken = asyncio.Event()
        self.counts = RelayCounts()
        self.is_leading = False

    async def run(self) -> None:
        """Relays until `stop` is called: the batch under way is ended then.

        Raises:
            OutboxMissing: the database has not been migrated.
            InvalidBrokerURL: the URL does not say where Redis is.
            BrokerMisconfigured, CommandRefused: Redis takes nothing from us as it, or our user, is set up.
        """
        broker = await self._open_broker()
        if broker is None:
            return
        async with broker:
            queue = RelayQueue(broker, self._prefix)
            while not self._stopped.is_set():
                try:
                    await self._serve(queue)
                except _GONE as error:
                    await self._rest(self._database_outage.pause(reason_of(error)))
        log.stopped(self.counts.relayed)

    def stop(self) -> None:
        """Has `run` return; nothing is lost if the process ends before it does."""
        self._stopped.set()
        self._woken.set()

    async def metrics(self) -> Mapping[str, float]:
        """How the outbox stands at this moment, as gauges; without PostgreSQL, that it is not there."""
        try:
            async with await connect(self._database_url, name=CLIENT_NAME, timeout=LOOK_WITHIN) as connection:
                status = await OutboxTable(connection).status()
        except _GONE:
            return {"toril_outbox_database_up": 0.0}
        return {"toril_outbox_database_up": 1.0, **status.metrics()}

    async def _open_broker(self) -> Connection | None:
        """The connection to Redis, checked; None if the relay was stopped before it was there."""
        while not self._stopped.is_set():
            try:
                return await Connection.open(self._redis_url, client_name=CLIENT_NAME, strict=self._strict)
            except BrokerUnavailable as error:
                await self._rest(self._broker_outage.pause(str(error)))
        return None

    async def _serve(self, queue: RelayQueue) -> None:
        """Waits until it is the one that works; works until it is stopped, or the connection breaks."""
        async with await connect(self._database_url, name=CLIENT_NAME) as connection:
            await connection.execute(SETTINGS)
            table = OutboxTable(connection)
            if not await table.exists():
                raise OutboxMissing
            self._database_outage.over()
            if not await self._wait_to_lead(table):
                return
            log.leading()
            self.is_leading = True
            try:
                await table.listen()
                # What comes with the answer to a query is told here, what comes later by the socket.
                connection.add_notify_handler(lambda _: self._woken.set())
                while not self._stopped.is_set():
                    if not await self._relay_some(table, queue):
                        await self._wait_for_rows(connection)
            finally:
                self.is_leading = False

    async def _wait_to_lead(self, table: OutboxTable) -> bool:
        told = False
        while not self._stopped.is_set():
            if await table.try_to_lead():
                return True
            if not told:
                log.standing_by()
                told = True
            await self._rest(TRY_TO_LEAD_EVERY * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load
        return False

    async def _relay_some(self, table: OutboxTable, queue: RelayQueue) -> bool:
        """Relays the first rows; whether there may be more. A row is deleted only once Redis has answered."""
        rows = await table.pending(self._batch, MOST_BYTES_A_SCRIPT)
        if not rows:
            return False
        try:
            delivery = await deliver(queue, rows)
        except BrokerUnavailable as error:
            await self._rest(self._broker_outage.pause(str(error)))
            return True
        self._broker_outage.over()
        await table.delete([row.position for row in delivery.relayed])
        self.counts.relayed += len(delivery.relayed)
        for row, reason in delivery.refused:
            await table.set_aside(row.position, reason)
            log.set_aside(row.id, reason)
            self.counts.set_aside += 1
        return True

    async def _wait_for_rows(self, connection: AsyncConnection[Any]) -> None:
        """Until PostgreSQL says something, the relay is stopped, or it is time to look."""
        loop, socket = asyncio.get_running_loop(), connection.fileno()
        loop.add_reader(socket, self._woken.set)
        try:
            await _wait(self._woken, self._poll)
        finally:
            loop.remove_reader(socket)
        self._woken.clear()

    async def _rest(self, seconds: float) -> None:
        """Waits so long, or until the relay is stopped."""
        await _wait(self._stopped, seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _outage(what: str) -> Outage:
    return Outage(lost=partial(log.lost, what), back=partial(log.back, what))
