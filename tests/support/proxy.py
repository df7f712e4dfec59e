"""A proxy in front of a broker, for what networks do: swallow, cut and half-close, or speak TLS."""

import asyncio
import ssl
from dataclasses import dataclass
from enum import Enum
from typing import Self
from urllib.parse import urlsplit


class Fault(Enum):
    """What becomes of a connection from one request on."""

    LOSE_REQUEST = "reset before the broker gets the request"
    LOSE_REPLY = "reset once the broker has answered, before the reply is handed on"
    HALF_CLOSE = "the client is told that the broker closes, in place of the reply; its own side stays open"
    SWALLOW_REQUESTS = "nothing reaches the broker, and nobody is told"
    SWALLOW_REPLIES = "nothing reaches the client, and nobody is told"


@dataclass
class _Line:
    """One connection through the proxy."""

    to_client: asyncio.StreamWriter
    to_broker: asyncio.StreamWriter
    fault: Fault | None = None

    def cut(self) -> None:
        self.to_client.transport.abort()
        self.to_broker.transport.abort()


@dataclass
class Trap:
    """Breaks the first connection over which a request with that word is sent.

    Attributes:
        sprung: set once it has.
    """

    word: bytes
    fault: Fault
    sprung: asyncio.Event


class Proxy:
    """Forwards a TCP port of loopback to a broker on a Unix socket.

    Args:
        url: the broker's, `unix://…`.
        tls: speak TLS to the clients.

    Attributes:
        swallows_replies, swallows_requests: of all connections, for as long as it is set.
        connections: how many there have been.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._path = urlsplit(url).path
        self._tls = tls
        self._lines: list[_Line] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._traps: list[Trap] = []
        self._server: asyncio.Server | None = None
        self.swallows_replies = False
        self.swallows_requests = False
        self.connections = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        assert self._server is not None
        scheme = "redis" if self._tls is None else "rediss"
        return f"{scheme}://localhost:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Reset every connection."""
        for line in self._lines:
            line.cut()

    def trap(self, word: str, fault: Fault) -> Trap:
        """Sets a trap for the next request that contains the word."""
        trap = Trap(word.encode(), fault, asyncio.Event())
        self._traps.append(trap)
        return trap

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._is_closed = True
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        # One may have been accepted just now, and be about to reach for the broker.
        await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        serving = asyncio.current_task()
        assert serving is not None
        self._serving.add(serving)
        try:
            broker, to_broker = await asyncio.open_unix_connection(self._path)
            await self._forward(client, broker, _Line(to_client, to_broker))
        finally:
            to_client.transport.abort()
            self._serving.remove(serving)

    async def _forward(self, client: asyncio.StreamReader, broker: asyncio.StreamReader, line: _Line) -> None:
        self._lines.append(line)
        if self._is_closed:
            line.cut()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward_requests(client, line))
                group.create_task(self._forward_replies(broker, line))
        finally:
            line.cut()
            self._lines.remove(line)

    async def _forward_requests(self, client: asyncio.StreamReader, line: _Line) -> None:
        while data := await _read(client):
            self._spring(data, line)
            if line.fault is Fault.LOSE_REQUEST:
                line.cut()
            elif not self.swallows_requests and line.fault is not Fault.SWALLOW_REQUESTS:
                await _write(line.to_broker, data)
        line.to_broker.transport.abort()

    async def _forward_replies(self, broker: asyncio.StreamReader, line: _Line) -> None:
        while data := await _read(broker):
            if line.fault is Fault.LOSE_REPLY:
                line.cut()
            elif line.fault is Fault.HALF_CLOSE:
                if line.to_client.can_write_eof():
                    line.to_client.write_eof()
            elif not self.swallows_replies and line.fault is not Fault.SWALLOW_REPLIES:
                await _write(line.to_client, data)
        line.to_client.transport.abort()

    def _spring(self, data: bytes, line: _Line) -> None:
        for trap in self._traps:
            if trap.word in data:
                line.fault = trap.fault
                trap.sprung.set()
                self._traps.remove(trap)
                return


async def _read(source: asyncio.StreamReader) -> bytes:
    try:
        return await source.read(65_536)
    except ConnectionError:
        return b""


async def _write(target: asyncio.StreamWriter, data: bytes) -> None:
    target.write(data)
    try:
        await target.drain()
    except ConnectionError:
        target.transport.abort()
