"""One Redis server, over one socket that is opened when it is needed, and again after it broke."""

import asyncio
import math
from collections.abc import Sequence
from typing import Any

from hiredis import ReplyError

from toril.bull.errors import BrokerUnavailable, BrokerUnreachable
from toril.bull.pauses import reconnect_pauses
from toril.bull.replies import (
    CALL_WITHIN,
    CLOSED_HERE,
    Argument,
    greeting,
    is_final,
    reason,
    refusal,
    telling,
    welcome,
)
from toril.bull.server_address import ServerAddress
from toril.bull.wire import Wire

CONNECT_WITHIN = 10.0
# In a cluster another server may have taken over meanwhile: ask again who it is.
CONNECT_IN_CLUSTER_WITHIN = 2.0


class ServesInCluster(Exception):
    """The server turned out to be part of a cluster; nothing was sent to it."""


class Node:
    """A socket to one server, for one call at a time, or where it pipelines for several.

    A command that may have reached the server is not sent again: what became of it is for the caller to find
    out.

    Args:
        in_cluster: the server is known to be part of a cluster. It is dialled once, not until it answers.
        pipelines: see `Connection`.

    Attributes:
        client_id: what the server knows the socket by, while it is open.
    """

    def __init__(
        self,
        server: ServerAddress,
        client_name: str | None,
        *,
        in_cluster: bool = False,
        pipelines: bool = False,
    ) -> None:
        self.server = server
        self.client_id: int | None = None
        self._client_name = client_name
        self._in_cluster = in_cluster
        self._pipelines = pipelines
        self._turn = asyncio.Lock()
        self._wire: Wire | None = None
        self._connecting: asyncio.Timeout | None = None
        self._waiting = 0
        self._closed = False

    async def exchange(
        self,
        commands: Sequence[tuple[Argument, ...]],
        timeout: float | None,
        brought: tuple[Argument, ...] | None = None,
    ) -> list[Any]:
        """Send commands in one go and wait for their replies; an error reply is a value here.

        Args:
            timeout: seconds for all of it, connecting included; None waits for the replies without end.
            brought: a command that goes before them if the socket has not carried it yet.

        Raises:
            BrokerUnreachable: no connection could be made.
            BrokerUnavailable: the server did not let us in, did not answer in time, or the connection broke.
            ServesInCluster: it is part of a cluster, which was not known.
        """
        clock = asyncio.get_running_loop().time
        deadline = math.inf if timeout is None else clock() + timeout
        try:
            # A timeout costs as much as a write: only who must wait, maybe behind one that is next, has one.
            if self._turn.locked() or self._waiting:
                await self._wait_for_turn(deadline)
            else:
                await self._turn.acquire()
            try:
                wire = self._wire
                if wire is not None and wire.is_owed:
                    await wire.all_received(deadline)
                if wire is None or not wire.usable():
                    wire = await self._connect(deadline)
                if brought is None or brought in wire.brought:
                    sent = wire.send(commands, deadline)
                else:
                    sent = wire.send([brought, *commands], deadline)
                    wire.brought.add(brought)
                if not wire.pipelines:
                    return await wire.replies(sent)
            finally:
                self._turn.release()
            return await wire.replies(sent)
        except BrokerUnavailable:
            raise
        except OSError as problem:
            raise BrokerUnavailable(str(self.server), reason(problem)) from problem

    async def execute(self, *command: Argument, timeout: float | None = CALL_WITHIN) -> Any:
        """As `Connection.execute`, here and nowhere else."""
        [reply] = await self.exchange([command], timeout)
        if isinstance(reply, ReplyError):
            raise refusal(self.server, str(command[0]), reply)
        return reply

    def drop(self) -> None:
        """End the socket at once; the next call opens another one."""
        wire, self._wire, self.client_id = self._wire, None, None
        if wire is not None:
            wire.abort()

    async def close(self) -> None:
        """End the socket for good; a call in flight ends with BrokerUnavailable."""
        self._closed = True
        if self._connecting is not None and not self._connecting.expired():
            self._connecting.reschedule(asyncio.get_running_loop().time())
        if self._wire is not None:
            await self._wire.close()

    async def _wait_for_turn(self, deadline: float) -> None:
        self._waiting += 1
        try:
            async with asyncio.timeout_at(None if deadline == math.inf else deadline):
                await self._turn.acquire()
        finally:
            self._waiting -= 1

    async def _connect(self, deadline: float) -> Wire:
        self.drop()
        clock = asyncio.get_running_loop().time
        patience = CONNECT_IN_CLUSTER_WITHIN if self._in_cluster else CONNECT_WITHIN
        deadline = min(deadline, clock() + patience)
        cause: OSError = TimeoutError()
        try:
            async with asyncio.timeout_at(deadline) as self._connecting:
                for pause in reconnect_pauses():
                    try:
                        return await self._dial()
                    except BrokerUnavailable:
                        raise
                    except OSError as problem:
                        cause = telling(cause, problem)
                        if self._in_cluster or is_final(problem) or clock() + pause > deadline:
                            break
                    await asyncio.sleep(pause)
        except TimeoutError as late:
            cause = ConnectionAbortedError(CLOSED_HERE) if self._closed else telling(cause, late)
        finally:
            self._connecting = None
        raise BrokerUnreachable(str(self.server), reason(cause)) from cause

    async def _dial(self) -> Wire:
        self._refuse_if_closed()
        wire = await Wire.dial(self.server)
        try:
            client_id = await self._greet(wire)
            self._refuse_if_closed()  # maybe since the greeting was answered
        except BaseException:
            wire.abort()
            raise
        wire.pipelines = self._pipelines
        self._wire, self.client_id = wire, client_id
        return wire

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise ConnectionAbortedError(CLOSED_HERE)

    async def _greet(self, wire: Wire) -> int:
        """Tells the server who we are: what it knows us by."""
        welcomed = welcome(
            self.server, await wire.exchange(greeting(self.server, self._client_name), math.inf)
        )
        if welcomed.in_cluster and not self._in_cluster:
            raise ServesInCluster
        return welcomed.client_id
