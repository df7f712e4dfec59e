"""One socket to Redis: bytes out, replies in. What a reply means is for connection.py to say."""

import asyncio
import math
import select
import socket
import sys
from collections.abc import Sequence
from typing import Any, Self, cast

import hiredis

from toril.bull.replies import Argument, pack
from toril.bull.server_address import ServerAddress

# Seconds: a peer that vanished is noticed within eleven.
KEEPALIVE_IDLE = 5
KEEPALIVE_INTERVAL = 2
KEEPALIVE_PROBES = 3

NOTHING_YET = object()
CLOSED = "it closed the connection"


class Wire(asyncio.Protocol):
    """An open socket that carries one exchange at a time.

    An exchange that does not end well (too late, cancelled, cut off) ends the socket with it, so that a late
    reply is never taken for the next one's. After its end, dial a new one.

    Attributes:
        finishes_cancelled: an exchange that is cancelled goes on without its caller, within its deadline; the
            next one must wait until it has ended.
    """

    def __init__(self) -> None:
        self.finishes_cancelled = False
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        self._poll = select.poll()
        self._ended = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[list[Any]] | None = None
        self._replies: list[Any] = []
        self._expected = 0
        self._deadline = math.inf
        self._alarm: asyncio.TimerHandle | None = None

    @classmethod
    async def dial(cls, address: ServerAddress) -> Self:
        """Connect.

        Raises:
            OSError: nobody answers there, or TLS fails.
        """
        loop = asyncio.get_running_loop()
        if address.path:
            _, wire = await loop.create_unix_connection(cls, address.path)
        else:
            _, wire = await loop.create_connection(cls, address.host, address.port, ssl=address.tls)
        return wire

    @property
    def is_owed(self) -> bool:
        """Whether replies are still to come: between exchanges, those of a cancelled one."""
        return self._waiter is not None

    async def received(self, deadline: float) -> None:
        """Wait until nothing is owed: the replies of a cancelled exchange have come, or the socket has ended.

        Raises:
            TimeoutError: neither has happened by the deadline.
        """
        if self._waiter is not None:
            async with asyncio.timeout_at(None if deadline == math.inf else deadline):
                await asyncio.wait([self._waiter])

    def usable(self) -> bool:
        """Whether the socket can carry an exchange: open, and without a byte that nobody asked for."""
        return self._transport is not None and not self._transport.is_closing() and not self._poll.poll(0)

    async def exchange(self, commands: Sequence[tuple[Argument, ...]], deadline: float) -> list[Any]:
        """Send the commands in one go and wait for all replies; an error reply is a value here.

        Args:
            deadline: by the clock of the event loop; math.inf waits for ever.

        Raises:
            TimeoutError: the replies did not come in time.
            OSError: the connection broke.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError(self._last_words())
        if deadline <= self._loop.time():
            raise TimeoutError
        data = b"".join([pack(command) for command in commands])
        self._replies = []
        self._expected = len(commands)
        waiter: asyncio.Future[list[Any]] = self._loop.create_future()
        self._waiter = waiter
        self._deadline = deadline
        self._set_alarm()
        self._transport.write(data)
        try:
            return await waiter
        except BaseException:
            if not self.finishes_cancelled:
                self._waiter = None
                self.abort()
            elif self._waiter is waiter:
                self._go_on_alone()
            raise

    def abort(self) -> None:
        """End the socket at once."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """End the socket, and wait until it is closed."""
        self.abort()
        await asyncio.shield(self._ended)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        sock: socket.socket = transport.get_extra_info("socket")
        self._poll.register(sock.fileno(), select.POLLIN)
        if sock.family != socket.AF_UNIX:
            keep_alive(sock)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOTHING_YET:
                self._replies.append(reply)
        except hiredis.ProtocolError as problem:
            self._fail(ConnectionResetError(f"it does not speak Redis's protocol: {problem}"))
            self.abort()
            return
        if self._waiter is None or len(self._replies) > self._expected:
            self.abort()  # nobody asked for it
        elif len(self._replies) == self._expected:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(self._replies)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError(self._last_words()))
        self._ended.set_result(None)

    def _last_words(self) -> str:
        """What the server said before it closed the connection, as it does when it has too many clients."""
        last = self._replies[-1] if self._replies else None
        return f"{CLOSED}: {last}" if isinstance(last, hiredis.ReplyError) else CLOSED

    def _go_on_alone(self) -> None:
        """Has a future of its own stand in for that of the caller, who was cancelled."""
        self._waiter = self._loop.create_future()
        self._waiter.add_done_callback(_look_at)

    # asyncio.timeout() would cancel the caller also when the reply is there and only the event loop is late.
    # A timer costs as much as a write, so one serves many exchanges: when it goes off, it is set anew for the
    # exchange that is under way then.
    def _set_alarm(self) -> None:
        if self._alarm is not None:
            if self._alarm.when() <= self._deadline:
                return
            self._alarm.cancel()
            self._alarm = None
        if self._deadline < math.inf:
            self._alarm = self._loop.call_at(self._deadline, self._go_off)

    def _go_off(self) -> None:
        self._alarm = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._set_alarm()
        else:
            self._fail(TimeoutError())
            self.abort()

    def _fail(self, problem: Exception) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(problem)


def _look_at(waiter: asyncio.Future[list[Any]]) -> None:
    """Sees what became of it, in place of its caller: asyncio reports errors that nobody has looked at."""
    waiter.exception()


def keep_alive(sock: socket.socket) -> None:
    """Have the system notice a peer that vanished without a word, even while nothing is sent."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "darwin":
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPALIVE, KEEPALIVE_IDLE)
    else:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEPALIVE_IDLE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)
    if sys.platform == "linux":
        # The same for what was sent: by itself, Linux would try for a quarter of an hour.
        patience = KEEPALIVE_IDLE + KEEPALIVE_INTERVAL * KEEPALIVE_PROBES
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, patience * 1000)
