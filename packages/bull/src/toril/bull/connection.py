"""A connection to Redis for asyncio."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any, Self

from hiredis import ReplyError

from toril.bull.errors import BrokerUnavailable, BullError, CommandRefused
from toril.bull.pauses import reconnect_pauses
from toril.bull.replies import (
    CALL_WITHIN,
    CLOSED_HERE,
    Argument,
    client_id,
    greeting,
    is_failover,
    is_final,
    is_missing_script,
    reason,
    refusal,
    telling,
)
from toril.bull.scripts import Script
from toril.bull.server_address import ServerAddress
from toril.bull.server_checks import check_server
from toril.bull.wire import Wire

CONNECT_WITHIN = 10.0


class Connection:
    """One socket to Redis, for one call at a time; whoever wants two calls in flight opens two.

    It connects when it is needed, and again after it broke. A command that may have reached the server is not
    sent again: what became of it is for the caller to find out.

    Attributes:
        address: where Redis is, for messages; never with a password.
        client_id: what Redis knows it by since it last connected; with it, another one can CLIENT UNBLOCK it.
    """

    def __init__(self, url: str, *, client_name: str | None = None) -> None:
        self._server = ServerAddress.parse(url)
        self._client_name = client_name
        self._turn = asyncio.Lock()
        self._wire: Wire | None = None
        self._callers = 0
        self._closed = False
        self.address = str(self._server)
        self.client_id: int | None = None

    @classmethod
    async def open(
        cls, url: str, *, client_name: str | None = None, strict: bool = False, timeout: float = 5.0
    ) -> Self:
        """Connect, and look whether jobs are safe there.

        Args:
            url: see `ServerAddress.parse`.
            client_name: what CLIENT LIST shows, also after a reconnect; without spaces.
            strict: refuse a server that may evict keys, instead of warning about it.
            timeout: seconds.

        Raises:
            InvalidBrokerURL: the URL does not say where Redis is.
            BrokerUnavailable: it cannot be reached, or does not let us in.
            BrokerMisconfigured: it is too old, or (strict) may evict keys.
        """
        connection = cls(url, client_name=client_name)
        try:
            check_server(connection.address, await connection._info(timeout), strict=strict)
        except BaseException:
            await connection.close()
            raise
        return connection

    async def execute(self, *command: Argument, timeout: float | None = CALL_WITHIN) -> Any:
        """Run one command; replies are bytes, integers, None and lists of them.

        Args:
            command: its name and arguments.
            timeout: seconds for all of it, connecting included; None waits for the reply as long as it takes.

        Raises:
            BrokerUnavailable: Redis cannot be reached, does not answer in time, or cannot serve now.
            CommandRefused: the command is wrong, or not permitted.
        """
        return self._accepted(str(command[0]), await self._call(command, timeout))

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        timeout: float | None = CALL_WITHIN,
    ) -> Any:
        """Run a script, by its text where Redis does not know it yet; else as `execute`."""
        command = ("EVALSHA", script.sha, len(keys), *keys, *arguments)
        reply = await self._call(command, timeout)
        if is_missing_script(reply):
            # EVAL runs it and has Redis keep it, in one step that no SCRIPT FLUSH can come between.
            reply = await self._call(("EVAL", script.text, len(keys), *keys, *arguments), timeout)
        return self._accepted(script.name, reply)

    async def close(self) -> None:
        """Close the socket for good; a call in flight ends with BrokerUnavailable."""
        self._closed = True
        if self._wire is not None:
            await self._wire.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed for good."""
        return self._closed

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _call(self, command: tuple[Argument, ...], timeout: float | None) -> Any:
        clock = asyncio.get_running_loop().time
        deadline = math.inf if timeout is None else clock() + timeout
        self._callers += 1
        try:
            await self._take_turn(deadline)
            try:
                wire = self._wire
                if wire is None or not wire.usable():
                    wire = await self._connect(min(deadline, clock() + CONNECT_WITHIN))
                [reply] = await wire.exchange([command], deadline - clock())
            finally:
                self._turn.release()
        except BrokerUnavailable:
            raise
        except OSError as problem:
            raise BrokerUnavailable(self.address, reason(problem)) from problem
        finally:
            self._callers -= 1
        return reply

    async def _take_turn(self, deadline: float) -> None:
        if self._callers == 1:
            await self._turn.acquire()
            return
        async with asyncio.timeout_at(None if deadline == math.inf else deadline):
            await self._turn.acquire()

    async def _connect(self, deadline: float) -> Wire:
        self._drop()
        clock = asyncio.get_running_loop().time
        cause: OSError | None = None
        for pause in reconnect_pauses():
            try:
                return await self._dial(deadline - clock())
            except OSError as problem:
                cause = telling(cause, problem)
                if is_final(problem) or clock() + pause > deadline:
                    raise cause from None
                await asyncio.sleep(pause)
        raise AssertionError("the pauses never end")

    async def _dial(self, timeout: float) -> Wire:
        if self._closed:
            raise ConnectionAbortedError(CLOSED_HERE)
        async with asyncio.timeout(timeout):
            wire = self._wire = await Wire.dial(self._server)
            replies = await wire.exchange(greeting(self._server, self._client_name), timeout)
        try:
            self.client_id = client_id(self._server, replies)
        except BullError:
            self._drop()
            raise
        if self._closed:
            self._drop()
        return wire

    def _accepted(self, command: str, reply: Any) -> Any:
        if not isinstance(reply, ReplyError):
            return reply
        if is_failover(reply):
            self._drop()
        raise refusal(self._server, command, reply)

    async def _info(self, timeout: float) -> bytes | None:
        try:
            report: bytes = await self.execute("INFO", timeout=timeout)
        except CommandRefused:
            return None
        return report

    def _drop(self) -> None:
        wire, self._wire, self.client_id = self._wire, None, None
        if wire is not None:
            wire.abort()
