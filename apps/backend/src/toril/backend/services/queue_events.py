"""Following what happens in a queue."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Self

from toril.backend.errors import ServiceClosed
from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.event_feed import EventFeed
from toril.bull.keys import QueueKeys
from toril.bull.workers import event_client_name
from toril.types import JobEvent


class QueueEvents(EventFeed):
    """The events of a queue, until its `async with` ends or the service is left."""

    async def __anext__(self) -> JobEvent:
        """The next event, as soon as there is one.

        Raises:
            ServiceClosed: the service was left, or the feed.
            CommandRefused: what stands in the place of the queue's events is no stream, or not to be read.
        """
        try:
            return await super().__anext__()
        except BrokerUnavailable as error:
            # A feed waits for Redis as long as it takes: this tells that its connection was closed.
            raise ServiceClosed from error


class EventFeeds:
    """The open feeds of a service, each with a connection of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._open: set[Connection] = set()

    @asynccontextmanager
    async def open(self, keys: QueueKeys, after: str | None) -> AsyncGenerator[QueueEvents]:
        """A feed, and its connection until the end.

        Raises:
            InvalidQuery: `after` is no id of an event.
            BrokerUnavailable: Redis did not answer.
        """
        async with Connection(self._url, client_name=event_client_name(keys)) as connection:
            self._open.add(connection)
            try:
                yield await QueueEvents.open(connection, keys, after)
            finally:
                self._open.discard(connection)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Ends all feeds: whoever waits for an event is told ServiceClosed."""
        for connection in tuple(self._open):
            await connection.close()
