"""A blocking connection to Redis, for a thread that must go on while the event loop is held up."""

import select
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, Self

import hiredis
from toril.bull.errors import BrokerUnavailable
from toril.bull.pauses import reconnect_pauses
from toril.bull.replies import Argument, client_id, greeting, is_missing_script, pack, reason, refusal
from toril.bull.scripts import Script
from toril.bull.server_address import ServerAddress
from toril.bull.wire import CLOSED, NOTHING_YET, keep_alive

CALL_WITHIN = 10.0
READ_SIZE = 65_536


class ThreadConnection:
    """`Connection`, blocking: one socket, one call at a time, nothing sent twice."""

    def __init__(self, url: str, *, client_name: str | None = None) -> None:
        self._server = ServerAddress.parse(url)
        self._client_name = client_name
        self._turn = threading.Lock()
        self._socket: socket.socket | None = None
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        self.address = str(self._server)
        self.client_id: int | None = None

    @classmethod
    def open(cls, url: str, *, client_name: str | None = None, timeout: float = 5.0) -> Self:
        """Connect within `timeout` seconds; the server's set-up is checked by `Connection.open` alone."""
        connection = cls(url, client_name=client_name)
        connection.execute("PING", timeout=timeout)
        return connection

    def execute(self, *command: Argument, timeout: float = CALL_WITHIN) -> Any:
        """As `Connection.execute`, always within a time."""
        return self._accepted(str(command[0]), self._call(command, timeout))

    def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        timeout: float = CALL_WITHIN,
    ) -> Any:
        """As `Connection.run`."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        reply = self._call(command, timeout)
        for _ in range(3):
            if not is_missing_script(reply):
                break
            self.execute("SCRIPT", "LOAD", script.text, timeout=timeout)
            reply = self._call(command, timeout)
        return self._accepted(script.name, reply)

    def close(self) -> None:
        """Close the socket."""
        with self._turn:
            self._drop()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, command: tuple[Argument, ...], timeout: float) -> Any:
        deadline = time.monotonic() + timeout
        with self._turn:
            try:
                connected = self._socket if self._usable() else None
                [reply] = self._exchange(connected or self._connect(deadline), [command], deadline)
            except OSError as problem:
                raise BrokerUnavailable(self.address, reason(problem)) from problem
        return reply

    def _usable(self) -> bool:
        return self._socket is not None and not select.select([self._socket], [], [], 0)[0]

    def _connect(self, deadline: float) -> socket.socket:
        for pause in reconnect_pauses():
            self._drop()
            try:
                return self._dial(deadline)
            except OSError as problem:
                if isinstance(problem, ssl.SSLCertVerificationError) or time.monotonic() + pause > deadline:
                    raise
                time.sleep(pause)
        raise AssertionError("the pauses never end")

    def _dial(self, deadline: float) -> socket.socket:
        server = self._server
        timeout = _left(deadline)
        if server.path:
            dialled = socket.socket(socket.AF_UNIX)
            dialled.settimeout(timeout)
            self._socket = dialled
            dialled.connect(server.path)
        else:
            dialled = socket.create_connection((server.host, server.port), timeout)
            self._socket = dialled
            dialled.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            keep_alive(dialled)
            if server.tls is not None:
                dialled = self._socket = server.tls.wrap_socket(dialled, server_hostname=server.host)
        self._reader = hiredis.Reader(notEnoughData=NOTHING_YET)
        replies = self._exchange(dialled, greeting(server, self._client_name), deadline)
        self.client_id = client_id(server, replies)
        return dialled

    def _exchange(
        self, connected: socket.socket, commands: Sequence[tuple[Argument, ...]], deadline: float
    ) -> list[Any]:
        replies: list[Any] = []
        try:
            connected.settimeout(_left(deadline))
            connected.sendall(b"".join(pack(command) for command in commands))
            while len(replies) < len(commands):
                reply = self._reader.gets()
                if reply is not NOTHING_YET:
                    replies.append(reply)
                    continue
                self._reader.feed(_receive(connected, deadline))
        except BaseException:
            self._drop()
            raise
        return replies

    def _accepted(self, command: str, reply: Any) -> Any:
        if isinstance(reply, hiredis.ReplyError):
            raise refusal(self._server, command, reply)
        return reply

    def _drop(self) -> None:
        dropped, self._socket, self.client_id = self._socket, None, None
        if dropped is not None:
            dropped.close()


def _receive(connected: socket.socket, deadline: float) -> bytes:
    connected.settimeout(_left(deadline))
    received = connected.recv(READ_SIZE)
    if not received:
        raise ConnectionResetError(CLOSED)
    return received


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
