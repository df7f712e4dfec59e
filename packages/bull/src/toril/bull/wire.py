"""One socket to Redis: bytes out, replies in. What a reply means is for connection.py to say."""

import asyncio
import math
import select
import socket
import sys
from collections import deque
from collections.abc import Sequence
from typing import Any, Self, cast

import hiredis

from toril.bull.replies import Argument, pack
from toril.bull.server_address import ServerAddress
from toril.bull.spin_wait import SpinWait, spin_wait_for

# Seconds: a peer that vanished is noticed within eleven.
KEEPALIVE_IDLE = 5
KEEPALIVE_INTERVAL = 2
KEEPALIVE_PROBES = 3

NOTHING_YET = object()
CLOSED = "it closed the connection"


class Exchange:
    """Commands that were sent together, and the replies to them as they come.

    Attributes:
        replied: all of the replies, when they are there.
        deadline: until when they are waited for, by the clock of the event loop.
        is_abandoned: the caller is gone.
    """

    __slots__ = ("deadline", "expected", "is_abandoned", "replied", "replies")

    def __init__(self, expected: int, deadline: float, replied: asyncio.Future[list[Any]]) -> None:
        self.expected = expected
        self.deadline = deadline
        self.replied = replied
        self.replies: list[Any] = []
        self.is_abandoned = False


class Wire(asyncio.Protocol):
    """An open socket that carries exchanges, whose replies come in the order in which they were sent.

    One that does not end well (too late, cut off) ends the socket with it, so that a late reply is never
    taken for another one's. After its end, dial a new one.

    Attributes:
        pipelines: several exchanges may be under way, and one that is cancelled goes on without its caller,
            within its deadline. Otherwise there is one at a time, and cancelling it ends the socket.
        brought: the commands that it has carried ahead of others, once each; `Node` notes them.
    """

    def __init__(self) -> None:
        self.pipelines = False
        self.brought: set[tuple[Argument, ...]] = set()
        self._loop = asyncio.get_running_loop()
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        self._poll = select.poll()
        self._spin_wait: SpinWait | None = None
        self._ended = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._under_way: deque[Exchange] = deque()
        self._last_reply: Any = None
        self._alarm: asyncio.Handle | None = None
        self._alarm_at = math.inf

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
        """Whether replies are still to come that nobody waits for any more."""
        return any(each.is_abandoned for each in self._under_way) if self._under_way else False

    async def all_received(self, deadline: float) -> None:
        """Wait until nothing is owed: the replies of cancelled exchanges have come, or the socket has ended.

        Raises:
            TimeoutError: neither has happened by the deadline.
        """
        owed = [each.replied for each in self._under_way if each.is_abandoned]
        async with asyncio.timeout_at(None if deadline == math.inf else deadline):
            await asyncio.wait(owed)

    def usable(self) -> bool:
        """Whether the socket can carry an exchange: open, and without a byte that nobody asked for."""
        if self._transport is None or self._transport.is_closing():
            return False
        return bool(self._under_way) or not self._poll.poll(0)

    def send(self, commands: Sequence[tuple[Argument, ...]], deadline: float) -> Exchange:
        """Send commands in one go, behind those of other exchanges.

        Args:
            deadline: by the clock of the event loop; math.inf waits for ever.

        Raises:
            TimeoutError: it is too late already.
            OSError: the connection broke.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError(self._last_words())
        if deadline <= self._loop.time():
            raise TimeoutError
        data = b"".join([pack(command) for command in commands])
        exchange = Exchange(len(commands), deadline, self._loop.create_future())
        self._under_way.append(exchange)
        self._set_alarm(deadline)
        self._transport.write(data)
        return exchange

    async def replies(self, exchange: Exchange) -> list[Any]:
        """The replies to what was sent; an error reply is a value here.

        Raises:
            TimeoutError: they did not come in time.
            OSError: the connection broke.
        """
        try:
            if self._spin_wait is not None and self._under_way and self._under_way[0] is exchange:
                await self._spin_wait.until_done(exchange.replied)
            return await exchange.replied
        except BaseException:
            if not self.pipelines:
                self._under_way.clear()
                self.abort()
            elif exchange in self._under_way:
                exchange.is_abandoned = True
                if exchange.replied.cancelled():
                    exchange.replied = self._loop.create_future()
            exchange.replied.add_done_callback(_look_at)
            raise

    async def exchange(self, commands: Sequence[tuple[Argument, ...]], deadline: float) -> list[Any]:
        """Send commands in one go and wait for all replies.

        Raises:
            as `send` and `replies`.
        """
        return await self.replies(self.send(commands, deadline))

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
        self._spin_wait = spin_wait_for(sock)
        if sock.family != socket.AF_UNIX:
            keep_alive(sock)

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            while (reply := self._reader.gets()) is not NOTHING_YET:
                self._last_reply = reply
                if not self._under_way:
                    self.abort()  # nobody asked for it
                    return
                exchange = self._under_way[0]
                exchange.replies.append(reply)
                if len(exchange.replies) == exchange.expected:
                    self._under_way.popleft()
                    if not exchange.replied.done():
                        exchange.replied.set_result(exchange.replies)
        except hiredis.ProtocolError as problem:
            self._fail(ConnectionResetError(f"it does not speak Redis's protocol: {problem}"))
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        # To abort it would raise AttributeError if it has just written its last bytes to a peer that hung up.
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        self._fail(exc if isinstance(exc, OSError) else ConnectionResetError(self._last_words()))
        self._ended.set_result(None)

    def _last_words(self) -> str:
        """What the server said before it closed the connection, as it does when it has too many clients."""
        last = self._last_reply
        return f"{CLOSED}: {last}" if isinstance(last, hiredis.ReplyError) else CLOSED

    # asyncio.timeout() would cancel the caller also when the reply is there and only the event loop is late.
    # A timer costs as much as a write, so one serves many exchanges: when it goes off, it is set anew for
    # those that are under way then.
    def _set_alarm(self, deadline: float) -> None:
        if self._alarm is not None:
            if self._alarm_at <= deadline:
                return
            self._alarm.cancel()
            self._alarm = None
        if deadline < math.inf:
            # What is due at once is no timer on uvloop: such a handle does not know when it goes off.
            self._alarm, self._alarm_at = self._loop.call_at(deadline, self._go_off), deadline

    def _go_off(self) -> None:
        self._alarm = None
        if not self._under_way:
            return
        deadline = min(each.deadline for each in self._under_way)
        if self._loop.time() < deadline:
            self._set_alarm(deadline)
        else:
            # What was sent behind it waits for the same server.
            self._fail(TimeoutError())
            self.abort()

    def _fail(self, problem: Exception) -> None:
        while self._under_way:
            exchange = self._under_way.popleft()
            if not exchange.replied.done():
                exchange.replied.set_exception(problem)


def _look_at(replied: asyncio.Future[list[Any]]) -> None:
    """Sees what became of it, in place of its caller: asyncio reports errors that nobody has looked at."""
    if not replied.cancelled():
        replied.exception()


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
