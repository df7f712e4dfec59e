"""One socket to Redis."""

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

import pytest
import uvloop

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


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_one_that_was_reset_as_it_was_made_ends_without_a_word_to_the_event_loop(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def use_it(server: socket.socket) -> None:
        reported: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
        _, wire = await loop.create_connection(Wire, sock=ours)
        with pytest.raises(ConnectionResetError):
            await wire.exchange([("PING",)], loop.time() + 60.0)
        await wire.close()
        assert not reported

    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        asyncio.Runner(loop_factory=loop_factory) as runner,
    ):
        runner.run(use_it(server))


class StandingStill:
    """An event loop at one moment."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop, self._now = loop, loop.time()

    def time(self) -> float:
        return self._now

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loop, name)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_calls_are_sent_while_the_time_of_another_runs_out(
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    async def send_both() -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            _, wire = await asyncio.get_running_loop().create_unix_connection(Wire, sock=ours)
            wire.pipelines = True
            clock = StandingStill(asyncio.get_running_loop())
            wire._loop = cast("asyncio.AbstractEventLoop", clock)
            # uvloop makes no timer of what is due within half a millisecond.
            sent = [wire.send([("PING",)], clock.time() + seconds) for seconds in (0.0001, 60.0)]
            theirs.sendall(b"+one\r\n+two\r\n")
            assert [await wire.replies(each) for each in sent] == [[b"one"], [b"two"]]
            await wire.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(send_both())
