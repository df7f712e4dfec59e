"""A blocking connection to Redis, for a thread that must go on while the event loop is held up."""

import random
import select
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Self

import hiredis

from toril.bull.errors import BrokerUnavailable, BullError
from toril.bull.pauses import reconnect_pauses
from toril.bull.replies import (
    CALL_WITHIN,
    CLOSED_HERE,
    Argument,
    greeting,
    is_failover,
    is_final,
    pack,
    reason,
    refusal,
    telling,
    welcome,
)
from toril.bull.script_calls import ScriptCalls
from toril.bull.scripts import Script
from toril.bull.server_address import ServerAddress
from toril.bull.slots import ASK_FOR_SLOTS, ASKING, SlotMap, redirection
from toril.bull.wire import CLOSED, NOTHING_YET, keep_alive

READ_SIZE = 65_536
MOST_REDIRECTIONS = 8


class ThreadConnection:
    """`Connection`, blocking: one socket, one call at a time, nothing sent twice.

    In a cluster the socket goes where it is sent: one connection is for the keys of one slot.
    """

    def __init__(self, url: str, *, client_name: str | None = None) -> None:
        self._server = ServerAddress.parse(url)
        self._cluster: SlotMap | None = None
        self._client_name = client_name
        self._turn = threading.Lock()
        self._closed = threading.Event()
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        self._calls = ScriptCalls()
        self.address = str(self._server)
        self.client_id: int | None = None

    @classmethod
    def open(cls, url: str, *, client_name: str | None = None, timeout: float = 5.0) -> Self:
        """Connect within `timeout` seconds; `Connection.open` alone looks at how the server is set up."""
        connection = cls(url, client_name=client_name)
        connection.execute("PING", timeout=timeout)
        return connection

    def execute(self, *command: Argument, timeout: float = CALL_WITHIN) -> Any:
        """As `Connection.execute`, with a deadline always."""
        reply = self._call(command, timeout)
        if isinstance(reply, hiredis.ReplyError):
            raise self._refusal(str(command[0]), reply)
        return reply

    def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        timeout: float = CALL_WITHIN,
    ) -> Any:
        """As `Connection.run`."""
        commands = self._calls.first(script, keys, arguments)
        while True:
            replies = [self._call(command, timeout) for command in commands]
            reply = replies[-1]
            if not isinstance(reply, hiredis.ReplyError):
                return reply
            commands = self._calls.next(script, keys, arguments, replies)
            if not commands:
                raise self._refusal(script.name, reply)

    def close(self) -> None:
        """Close the socket for good; a call in flight, in another thread, ends with BrokerUnavailable."""
        self._closed.set()
        in_use = self._socket
        if in_use is not None:
            with suppress(OSError):
                in_use.shutdown(socket.SHUT_RDWR)
        with self._turn:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, command: tuple[Argument, ...], timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        try:
            if not self._turn.acquire(timeout=timeout):
                raise TimeoutError
            try:
                return self._follow(command, deadline)
            finally:
                self._turn.release()
        except BrokerUnavailable:
            raise
        except OSError as problem:
            raise BrokerUnavailable(self.address, reason(problem)) from problem

    def _follow(self, command: tuple[Argument, ...], deadline: float) -> Any:
        commands = [command]
        for _ in range(MOST_REDIRECTIONS):
            connected = self._usable() or self._connect(deadline)
            *_, reply = self._exchange(connected, commands, deadline)
            elsewhere = redirection(reply, self._server)
            if elsewhere is None:
                return reply
            self._drop()
            self._server = elsewhere.server
            commands = [ASKING, command] if elsewhere.for_one_call else [command]
        raise BrokerUnavailable(self.address, "its servers do not agree on who holds a key")

    def _usable(self) -> socket.socket | None:
        if self._socket is None:
            return None
        poll = select.poll()
        poll.register(self._socket.fileno(), select.POLLIN)
        return None if poll.poll(0) else self._socket

    def _connect(self, deadline: float) -> socket.socket:
        cause: OSError | None = None
        for pause in reconnect_pauses():
            self._drop()
            try:
                return self._dial(deadline)
            except OSError as problem:
                cause = telling(cause, problem)
                if is_final(problem) or time.monotonic() + pause > deadline:
                    raise cause from None
                self._closed.wait(pause)
                self._turn_to_another()
        raise AssertionError("the pauses never end")

    def _dial(self, deadline: float) -> socket.socket:
        if self._closed.is_set():
            raise ConnectionAbortedError(CLOSED_HERE)
        dialled = self._socket = dial(self._server, left(deadline))
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        replies = self._exchange(dialled, greeting(self._server, self._client_name), deadline)
        try:
            self.client_id, in_cluster = welcome(self._server, replies)
        except BullError:
            self._drop()
            raise
        if in_cluster:
            self._cluster = self._cluster or SlotMap(self._server)
            [slots] = self._exchange(dialled, [ASK_FOR_SLOTS], deadline)
            if not isinstance(slots, hiredis.ReplyError):
                self._cluster.learn(slots, self._server)
        return dialled

    def _turn_to_another(self) -> None:
        """Any server of a cluster will do: it sends us on."""
        if self._cluster is not None:
            self._server = random.choice(self._cluster.servers)  # noqa: S311 - no secret depends on it

    def _exchange(
        self, connected: socket.socket, commands: Sequence[tuple[Argument, ...]], deadline: float
    ) -> list[Any]:
        replies: list[Any] = []
        try:
            connected.settimeout(left(deadline))
            connected.sendall(b"".join([pack(command) for command in commands]))
            while len(replies) < len(commands):
                reply = self._reader.gets()
                if reply is NOTHING_YET:
                    self._reader.feed(receive(connected, left(deadline)))
                else:
                    replies.append(reply)
        except BaseException:
            self._drop()
            self._turn_to_another()
            raise
        return replies

    def _refusal(self, command: str, reply: hiredis.ReplyError) -> BullError:
        if is_failover(reply):
            self._drop()
            self._calls.begin_anew()
        return refusal(self._server, command, reply)

    def _drop(self) -> None:
        dropped, self._socket, self.client_id = self._socket, None, None
        if dropped is not None:
            dropped.close()


def dial(server: ServerAddress, timeout: float) -> socket.socket:
    """A connected socket.

    Raises:
        OSError: nobody answers there, or TLS fails.
    """
    if not server.path:
        dialled = socket.create_connection((server.host, server.port), timeout)
        dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        keep_alive(dialled)
        return server.tls.wrap_socket(dialled, server_hostname=server.host) if server.tls else dialled
    dialled = socket.socket(socket.AF_UNIX)
    try:
        dialled.settimeout(timeout)
        dialled.connect(server.path)
    except OSError:
        dialled.close()
        raise
    return dialled


def receive(connected: socket.socket, timeout: float) -> bytes:
    """The next bytes, at least one.

    Raises:
        OSError: none came in time, or the other side closed the connection.
    """
    connected.settimeout(timeout)
    received = connected.recv(READ_SIZE)
    if not received:
        raise ConnectionResetError(CLOSED)
    return received


def left(deadline: float) -> float:
    """Seconds until the deadline.

    Raises:
        TimeoutError: there are none.
    """
    seconds = deadline - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds
