"""Hearing what is published for a queue, over a socket of its own."""

import asyncio
import math
from collections.abc import Callable
from typing import Any, NoReturn

import hiredis

from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.replies import greeting, pack, reason, refusal, welcome
from toril.bull.server_address import ServerAddress
from toril.bull.wire import NOTHING_YET, Wire

CONNECT_WITHIN = 5.0
# A socket on which nothing was heard for so long is asked whether it lives, and has as long to answer.
SILENCE = 3.0


class Channel:
    """A channel of Redis's, by its name.

    Args:
        connection: what knows where the queue is; it is only asked for the server.
        key: a key of the queue.
        client_name: what CLIENT LIST shows.
    """

    def __init__(self, connection: Connection, key: str, name: str, *, client_name: str) -> None:
        self._connection = connection
        self._key = key
        self._name = name
        self._client_name = client_name

    async def hear(self, tell: Callable[[bytes], None]) -> NoReturn:
        """Hands on each message until the socket breaks; what is published after that is missed.

        Raises:
            BrokerUnavailable: Redis cannot be reached, or is silent.
            CommandRefused: this user may not listen.
        """
        server = (await self._connection.node(self._key)).server
        try:
            wire = await self._dial(server)
            try:
                wire.listen(self._name)
                while True:
                    heard = await wire.next()
                    if isinstance(heard, hiredis.ReplyError):
                        raise refusal(server, "SUBSCRIBE", heard)
                    if heard[0] == b"message":
                        tell(heard[2])
            finally:
                await wire.close()
        except BrokerUnavailable:
            raise
        except OSError as problem:
            raise BrokerUnavailable(str(server), reason(problem)) from problem

    async def _dial(self, server: ServerAddress) -> "ListeningWire":
        async with asyncio.timeout(CONNECT_WITHIN):
            wire = await ListeningWire.dial(server)
            try:
                welcome(server, await wire.exchange(greeting(server, self._client_name), math.inf))
            except BaseException:
                wire.abort()
                raise
        return wire


class ListeningWire(Wire):
    """A socket on which replies come unasked once it listens."""

    def __init__(self) -> None:
        super().__init__()
        self._listens = False
        self._heard: asyncio.Queue[Any] = asyncio.Queue()

    def listen(self, channel: str) -> None:
        """Subscribes; from now on the replies are told by `next`."""
        self._listens = True
        self._say("SUBSCRIBE", channel)

    async def next(self) -> Any:
        """The next reply.

        Raises:
            TimeoutError: the server is silent, even when it is asked whether it is there.
            OSError: the connection broke.
        """
        try:
            async with asyncio.timeout(SILENCE):
                heard = await self._heard.get()
        except TimeoutError:
            self._say("PING")
            async with asyncio.timeout(SILENCE):
                heard = await self._heard.get()
        if isinstance(heard, OSError):
            raise heard
        return heard

    def data_received(self, data: bytes) -> None:
        if not self._listens:
            super().data_received(data)
            return
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOTHING_YET:
                self._heard.put_nowait(reply)
        except hiredis.ProtocolError:
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._heard.put_nowait(exc if isinstance(exc, OSError) else ConnectionResetError(self._last_words()))

    def _say(self, *command: str) -> None:
        if self._transport is not None:
            self._transport.write(pack(command))
