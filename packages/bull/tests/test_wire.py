"""One socket to Redis."""

import asyncio
import socket
import sys
from contextlib import suppress

import pytest

from toril.bull.server_address import ServerAddress
from toril.bull.wire import Wire, keep_alive


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name these options differently")
def test_a_peer_that_vanishes_is_noticed_by_the_system_within_eleven_seconds() -> None:
    with socket.socket() as sock:
        keep_alive(sock)
        idle, interval, probes, patience = (
            sock.getsockopt(socket.IPPROTO_TCP, option)
            for option in (
                socket.TCP_KEEPIDLE,
                socket.TCP_KEEPINTVL,
                socket.TCP_KEEPCNT,
                socket.TCP_USER_TIMEOUT,
            )
        )
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert idle + interval * probes == 11
        assert patience == 11_000


async def test_one_that_ended_while_it_was_still_writing_can_be_aborted_all_the_same() -> None:
    over = asyncio.Event()

    async def hang_up_and_read_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write_eof()
        with suppress(ConnectionError):
            while await reader.read(1_000_000):
                pass
        writer.transport.abort()
        over.set()

    async with await asyncio.start_server(hang_up_and_read_on, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        wire = await Wire.dial(ServerAddress.parse(f"redis://127.0.0.1:{port}"))
        with pytest.raises(ConnectionResetError):
            await wire.exchange([("ECHO", b"x" * 30_000_000)], asyncio.get_running_loop().time() + 10.0)
        wire.abort()
        await wire.close()
        await over.wait()
