"""A Redis Cluster: each call goes to the server that holds its key."""

import asyncio
import math
import random
from collections.abc import Sequence
from typing import Any

from hiredis import ReplyError

from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, BrokerUnreachable
from toril.bull.node import Node
from toril.bull.pauses import reconnect_pauses
from toril.bull.replies import CLOSED_HERE, Argument, refusal
from toril.bull.server_address import ServerAddress
from toril.bull.slots import (
    ASK_FOR_SLOTS,
    ASKING,
    SlotMap,
    first_key,
    hash_tag,
    is_election,
    redirection,
    slot_of,
)

SLOTS_WITHIN = 1.0
MOST_REDIRECTIONS = 8


class Cluster:
    """Sockets to the servers of a cluster, one for each that is used.

    It stands in for a `Node`, and each of its sockets is one: what may have been sent is not sent again.
    While a server cannot be reached, the others are asked who has taken over, until the deadline.
    """

    def __init__(self, server: ServerAddress, client_name: str | None, *, pipelines: bool = False) -> None:
        self.server = server
        self._client_name = client_name
        self._pipelines = pipelines
        self._slots = SlotMap(server)
        self._nodes: dict[ServerAddress, Node] = {}
        self._last: Node | None = None
        self._closed = False

    @property
    def client_id(self) -> int | None:
        """What the server that was called last knows us by, while there is a socket to it."""
        return None if self._last is None else self._last.client_id

    async def exchange(
        self,
        commands: Sequence[tuple[Argument, ...]],
        timeout: float | None,
        brought: tuple[Argument, ...] | None = None,
    ) -> list[Any]:
        """As `Node.exchange`, of one command, behind what it needs on the same server.

        Raises:
            BrokerMisconfigured: its key has no hash tag.
        """
        clock = asyncio.get_running_loop().time
        deadline = math.inf if timeout is None else clock() + timeout
        slot = self.slot(first_key(commands[-1]))
        for pause in reconnect_pauses():
            too_late = clock() + pause > deadline
            try:
                replies = await self._follow(slot, commands, deadline, brought)
                if too_late or not is_election(replies[-1]):
                    return replies
            except BrokerUnreachable:
                if too_late:
                    raise
            except BrokerUnavailable:
                self._slots.is_stale = True
                raise
            self._slots.is_stale = True
            await asyncio.sleep(pause)
        raise AssertionError("the pauses never end")

    def slot(self, key: bytes | str | None) -> int | None:
        """The slot of a key, if there is a key.

        Raises:
            BrokerMisconfigured: the key has no hash tag.
        """
        if key is None:
            return None
        tag = hash_tag(key)
        if tag is None:
            shown = key.decode(errors="replace") if isinstance(key, bytes) else key
            raise BrokerMisconfigured(
                str(self.server),
                f"is a cluster, where all keys of a queue must have one hash tag, and {shown!r} has none",
                'give the prefix one, on every side: prefix="{bull}"',
            )
        return slot_of(tag)

    async def node(self, key: bytes | str, timeout: float) -> Node:
        """The server that holds a key.

        Raises:
            BrokerUnavailable: nobody tells which.
            BrokerMisconfigured: the key has no hash tag.
        """
        return await self._master(self.slot(key), asyncio.get_running_loop().time() + timeout)

    async def nodes(self, timeout: float) -> list[Node]:
        """All servers that hold keys.

        Raises:
            BrokerUnavailable: nobody tells which.
        """
        await self._refresh(asyncio.get_running_loop().time() + timeout)
        return [self._node(server) for server in self._slots.masters]

    def drop(self) -> None:
        """End the sockets at once; the next calls open those that they need."""
        self._slots.is_stale = True
        for node in self._nodes.values():
            node.drop()

    async def close(self) -> None:
        """End the sockets for good; calls in flight end with BrokerUnavailable."""
        self._closed = True
        for node in self._nodes.values():
            await node.close()

    async def _follow(
        self,
        slot: int | None,
        commands: Sequence[tuple[Argument, ...]],
        deadline: float,
        brought: tuple[Argument, ...] | None,
    ) -> list[Any]:
        clock = asyncio.get_running_loop().time
        node = await self._master(slot, deadline)
        asking: Sequence[tuple[Argument, ...]] = ()
        for _ in range(MOST_REDIRECTIONS):
            self._last = node
            sent = [*commands[:-1], *asking, commands[-1]]
            replies = await node.exchange(sent, deadline - clock(), brought)
            elsewhere = redirection(replies[-1], node.server)
            if elsewhere is None:
                return [*replies[: -1 - len(asking)], replies[-1]] if asking else replies
            if not elsewhere.for_one_call:
                self._slots.move(elsewhere)
            asking = (ASKING,) if elsewhere.for_one_call else ()
            node = self._node(elsewhere.server)
        raise BrokerUnavailable(str(self.server), "its servers do not agree on who holds a key")

    async def _master(self, slot: int | None, deadline: float) -> Node:
        if self._closed:
            raise BrokerUnavailable(str(self.server), CLOSED_HERE)
        if self._slots.is_stale:
            await self._refresh(deadline)
        return self._node(self._slots.master(slot) if slot is not None else self._slots.masters[0])

    def _node(self, server: ServerAddress) -> Node:
        if server not in self._nodes:
            self._nodes[server] = Node(server, self._client_name, in_cluster=True, pipelines=self._pipelines)
        return self._nodes[server]

    async def _refresh(self, deadline: float) -> None:
        cause = BrokerUnavailable(str(self.server), "no server of its cluster is known")
        # In any order, so that not all clients ask the same server after a failover.
        for server in random.sample(self._slots.servers, len(self._slots.servers)):
            left = deadline - asyncio.get_running_loop().time()
            # By a socket of its own: the others may wait for an answer.
            asked = Node(server, None, in_cluster=True)
            try:
                [reply] = await asked.exchange([ASK_FOR_SLOTS], min(SLOTS_WITHIN, left))
            except BrokerUnavailable as problem:
                cause = problem
                continue
            finally:
                await asked.close()
            if isinstance(reply, ReplyError):
                raise refusal(server, "CLUSTER SLOTS", reply)
            self._slots.learn(reply, server)
            return
        raise cause
