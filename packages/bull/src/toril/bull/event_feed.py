"""Following all that happens in one queue."""

import asyncio
from collections import deque
from typing import Self

from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.events import EventReader, event_order
from toril.bull.keys import QueueKeys
from toril.bull.pauses import reconnect_pauses
from toril.types import JobEvent

READ_WITHIN = 5.0
# What is held in memory at once; the stream in Redis holds the rest.
MOST_UNREAD_EVENTS = 100


class EventFeed:
    """Every event of a queue, in order and without a gap, as long as the stream still holds it.

    It never stops on an entry that it cannot read, and outlasts a Redis that is gone for a while: then it
    goes on after the last event that it read. Whoever reads too slowly to keep up with the stream's length
    (10,000 entries, unless the queue says otherwise) goes on with the oldest entry that is left; so does one
    whose last event lies ahead of all, as Redis has lost data.

    Args:
        connection: for this feed alone, which blocks it while it waits; closing it ends the feed.
        after: the id of the event to go on after; "0" for all that the stream still holds.

    Attributes:
        last_id: the id of the last event that was handed out: a later feed goes on after it.

    Raises:
        InvalidQuery: `after` is no id of an event.
    """

    def __init__(self, connection: Connection, keys: QueueKeys, after: str) -> None:
        event_order(after)
        self.last_id = after
        self._connection = connection
        self._keys = keys
        self._reader = EventReader(connection)
        self._read_to = after
        self._unread: deque[JobEvent] = deque()
        self._reading = asyncio.Lock()

    @classmethod
    async def open(cls, connection: Connection, keys: QueueKeys, after: str | None = None) -> Self:
        """A feed that begins after an event, or with what happens from now on.

        Raises:
            InvalidQuery: `after` is no id of an event.
            BrokerUnavailable: Redis did not answer.
        """
        if after is None:
            after = await EventReader(connection).newest(keys)
        return cls(connection, keys, after)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> JobEvent:
        """The next event, as soon as there is one.

        Raises:
            BrokerUnavailable: the connection was closed here.
            CommandRefused: what stands in the place of the queue's events is no stream, or not to be read.
        """
        while not self._unread:
            # Several tasks may share a feed: each event goes to one of them.
            async with self._reading:
                if not self._unread:
                    await self._read()
        event = self._unread.popleft()
        self.last_id = event.id
        return event

    async def _read(self) -> None:
        for pause in reconnect_pauses():
            try:
                await self._read_once()
            except BrokerUnavailable:
                if self._connection.closed:
                    raise
                await asyncio.sleep(pause)
            else:
                return

    async def _read_once(self) -> None:
        events = await self._reader.read(
            {self._keys: self._read_to}, timeout=READ_WITHIN, most=MOST_UNREAD_EVENTS
        )
        if events:
            self._unread.extend(events)
            self._read_to = events[-1].id
        elif event_order(await self._reader.newest(self._keys)) < event_order(self._read_to):
            # The stream is another one: Redis has lost data, and its clock shows less than we have seen.
            self._read_to = "0"
