"""The network that cannot be trusted does what it says."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest

from chaos.proxy import Fate, UnreliableProxy
from support.waiting import eventually

WITHIN = 20.0


class Decided(Random):
    """The same fate for all, at once."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(0)
        self._fate = fate

    def choice(self, seq: Sequence[Any]) -> Any:
        return self._fate

    def uniform(self, a: float, b: float) -> float:
        return 0.0


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def reached_through(random: Random) -> AsyncIterator[UnreliableProxy]:
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with UnreliableProxy(f"redis://:secret@127.0.0.1:{port}/1", random) as proxy:
            yield proxy


@asynccontextmanager
async def dialled(
    proxy: UnreliableProxy,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    address = urlsplit(proxy.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def test_the_url_is_the_brokers_but_for_the_port() -> None:
    async with reached_through(Decided(Fate.CUT)) as proxy:
        assert proxy.url.startswith("redis://:secret@127.0.0.1:")
        assert proxy.url.endswith("/1")


@pytest.mark.parametrize("fate", [Fate.CUT, Fate.CLOSED_TO_CLIENT])
async def test_the_client_sees_the_end_of_a_connection_that_is_cut_or_closed_to_it(fate: Fate) -> None:
    async with reached_through(Decided(fate)) as proxy, dialled(proxy) as (reader, _):
        async with asyncio.timeout(WITHIN):
            try:
                assert await reader.read() == b""
            except ConnectionResetError:
                assert fate is Fate.CUT


@pytest.mark.parametrize("fate", [Fate.SWALLOWING, Fate.CLOSED_TO_BROKER])
async def test_the_client_is_not_told_of_one_that_swallows_until_all_is_calm(fate: Fate) -> None:
    async with reached_through(Decided(fate)) as proxy, dialled(proxy) as (reader, writer):
        await eventually(lambda: proxy.fates)
        writer.write(b"anybody there?")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await reader.read()
        proxy.calm_down()
        await eventually(lambda: reader.at_eof() or reader.exception())


async def test_what_is_dialled_once_all_is_calm_is_left_alone() -> None:
    async with reached_through(Decided(Fate.CUT)) as proxy:
        proxy.calm_down()
        async with dialled(proxy) as (reader, writer):
            writer.write(b"hello")
            async with asyncio.timeout(WITHIN):
                assert await reader.readexactly(5) == b"hello"
        assert not proxy.fates
