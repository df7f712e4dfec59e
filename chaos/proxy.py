"""A network that cannot be trusted: it delays, cuts, half-closes and swallows, by a seed."""

import asyncio
from collections import Counter
from enum import Enum
from random import Random
from typing import NamedTuple, Self
from urllib.parse import urlsplit, urlunsplit

LIFETIME = (0.3, 5.0)
DELAY = (0.0, 0.05)
CHUNK = 65_536


class Fate(Enum):
    """What befalls a connection after a while."""

    CUT = "both sides are reset"
    CLOSED_TO_CLIENT = "the client sees the end of it, the broker does not"
    CLOSED_TO_BROKER = "the broker sees the end of it, the client does not"
    SWALLOWING = "it stays open, and whatever is sent vanishes"


class Side(NamedTuple):
    """One end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class UnreliableProxy:
    """Stands between clients and a broker on loopback until the end of its `async with`.

    Args:
        url: the broker's, `redis://`.
        random: says what happens to each connection, and when.

    Attributes:
        fates: how often each befell a connection so far.
    """

    def __init__(self, url: str, random: Random) -> None:
        self.fates: Counter[Fate] = Counter()
        self._broker = urlsplit(url)
        self._random = random
        self._calm = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where clients connect.

        Raises:
            RuntimeError: it is not entered.
        """
        if self._server is None:
            raise RuntimeError("enter the proxy first")
        port = self._server.sockets[0].getsockname()[1]
        credentials, at, _ = self._broker.netloc.rpartition("@")
        return urlunsplit(self._broker._replace(netloc=f"{credentials}{at}127.0.0.1:{port}"))

    def calm_down(self) -> None:
        """From now on everything is forwarded; what was half-closed or swallowing is cut."""
        self._calm.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.create_task(self._serve(Side(reader, writer)))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _serve(self, client: Side) -> None:
        try:
            broker = Side(*await asyncio.open_connection(self._broker.hostname, self._broker.port))
        except OSError:
            client.writer.transport.abort()
            return
        link = _Link(client, broker, self._random, self._calm, self.fates)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(link.forward(client, broker))
                group.create_task(link.forward(broker, client))
                misfortune = group.create_task(link.meet_its_fate())
                await link.gone.wait()
                misfortune.cancel()
        finally:
            link.cut()


class _Link:
    """A connection between a client and the broker; `gone` once it carries nothing any more."""

    def __init__(
        self, client: Side, broker: Side, random: Random, calm: asyncio.Event, fates: Counter[Fate]
    ) -> None:
        self.gone = asyncio.Event()
        self._client = client
        self._broker = broker
        self._random = random
        self._calm = calm
        self._fates = fates
        self._fate: Fate | None = None

    async def forward(self, source: Side, target: Side) -> None:
        try:
            while data := await source.reader.read(CHUNK):
                if not self._calm.is_set():
                    await asyncio.sleep(self._random.uniform(*DELAY))
                if self._fate is None:
                    target.writer.write(data)
                    await target.writer.drain()
        except ConnectionError:
            pass
        if self._fate in (None, Fate.CUT):
            self.cut()

    async def meet_its_fate(self) -> None:
        """Breaks the connection after a while, unless all is calm by then."""
        if await self._calm_within(self._random.uniform(*LIFETIME)):
            return
        self._fate = self._random.choice(list(Fate))
        self._fates[self._fate] += 1
        match self._fate:
            case Fate.CUT:
                self.cut()
            case Fate.CLOSED_TO_CLIENT:
                self._client.writer.write_eof()
            case Fate.CLOSED_TO_BROKER:
                self._broker.writer.write_eof()
            case Fate.SWALLOWING:
                pass
        await self._calm.wait()
        self.cut()

    def cut(self) -> None:
        for side in (self._client, self._broker):
            side.writer.transport.abort()
        self.gone.set()

    async def _calm_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._calm.wait()
        except TimeoutError:
            return False
        return True
