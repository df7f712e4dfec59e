"""A proxy in front of a broker, for what networks do: swallow replies, or speak TLS."""

import asyncio
import ssl
from typing import Self
from urllib.parse import urlsplit


class Proxy:
    """Forwards a TCP port of loopback to a broker on a Unix socket.

    Args:
        url: the broker's, `unix://…`.
        tls: speak TLS to the clients.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._path = urlsplit(url).path
        self._tls = tls
        self._streams: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.swallows_replies = False
        self.connections = 0

    @property
    def url(self) -> str:
        """Where clients connect."""
        assert self._server is not None
        scheme = "redis" if self._tls is None else "rediss"
        return f"{scheme}://localhost:{self._server.sockets[0].getsockname()[1]}"

    def cut(self) -> None:
        """Reset every connection."""
        for stream in self._streams:
            stream.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.connections += 1
        broker, to_broker = await asyncio.open_unix_connection(self._path)
        self._streams |= {to_client, to_broker}
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(client, to_broker, is_reply=False))
                group.create_task(self._forward(broker, to_client, is_reply=True))
        finally:
            self._streams -= {to_client, to_broker}

    async def _forward(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_reply: bool
    ) -> None:
        try:
            while data := await source.read(65_536):
                if not (is_reply and self.swallows_replies):
                    target.write(data)
                    await target.drain()
        except ConnectionError:
            pass
        finally:
            target.transport.abort()
