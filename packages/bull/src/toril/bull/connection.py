"""A connection to Redis for asyncio."""

from collections.abc import Sequence
from typing import Any, Self

from hiredis import ReplyError

from toril.bull.cluster import Cluster
from toril.bull.errors import BullError, CommandRefused
from toril.bull.node import Node, ServesInCluster
from toril.bull.replies import CALL_WITHIN, Argument, is_failover, refusal
from toril.bull.script_calls import ScriptCalls
from toril.bull.scripts import Script
from toril.bull.server_address import ServerAddress
from toril.bull.server_checks import check_server


class Connection:
    """One socket to Redis, for one call at a time unless it pipelines.

    It connects when it is needed, and again after it broke. A command that may have reached the server is not
    sent again: what became of it is for the caller to find out.

    A server that says that it is part of a cluster stands for the whole of it: then each call goes where its
    key is, and there is a socket for each server that is used.

    Args:
        url: see `ServerAddress.parse`; of a cluster, that of any server.
        client_name: what CLIENT LIST shows, also after a reconnect; without spaces.
        pipelines: several calls may be under way, and are sent in their order; what a cancelled call has sent
            is finished without it, and the next call waits for that. By default it carries one at a time, and
            one that is cancelled ends the socket, and what it has sent may end with it.

    Attributes:
        address: where Redis is, for messages; never with a password.
        closed: whether it was closed for good.
    """

    def __init__(self, url: str, *, client_name: str | None = None, pipelines: bool = False) -> None:
        server = ServerAddress.parse(url)
        self._client_name = client_name
        self._pipelines = pipelines
        self._target: Node | Cluster = Node(server, client_name, pipelines=pipelines)
        self._calls = ScriptCalls()
        self.address = str(server)
        self.closed = False

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        client_name: str | None = None,
        pipelines: bool = False,
        strict: bool = False,
        timeout: float = 5.0,
    ) -> Self:
        """Connect, and look whether jobs are safe there.

        Args:
            url, client_name, pipelines: as for the class.
            strict: refuse a server that may evict keys, instead of warning about it.
            timeout: seconds.

        Raises:
            InvalidBrokerURL: the URL does not say where Redis is.
            BrokerUnavailable: it cannot be reached, or does not let us in.
            BrokerMisconfigured: it is too old, or (strict) may evict keys.
        """
        connection = cls(url, client_name=client_name, pipelines=pipelines)
        try:
            for node in await connection.nodes(timeout=timeout):
                check_server(str(node.server), await _info(node, timeout), strict=strict)
            connection._leave_unused_nodes()
        except BaseException:
            await connection.close()
            raise
        return connection

    @property
    def client_id(self) -> int | None:
        """What the server that was called last knows us by; None while there is no socket to it."""
        return self._target.client_id

    async def execute(self, *command: Argument, timeout: float | None = CALL_WITHIN) -> Any:
        """Run one command; replies are bytes, integers, None and lists of them.

        Args:
            command: its name and arguments. Of a cluster, all keys must be in one slot.
            timeout: seconds for all of it, connecting included; None waits for the reply as long as it takes.

        Raises:
            BrokerUnavailable: Redis cannot be reached, does not answer in time, or cannot serve now.
            BrokerMisconfigured: it is a cluster, and the key has no hash tag.
            CommandRefused: the command is wrong, or not permitted.
        """
        try:
            [reply] = await self._target.exchange([command], timeout)
        except ServesInCluster:
            self._join_cluster()
            return await self.execute(*command, timeout=timeout)
        if isinstance(reply, ReplyError):
            raise self._refusal(str(command[0]), reply)
        return reply

    async def run(
        self,
        script: Script,
        keys: Sequence[str],
        arguments: Sequence[Argument],
        *,
        timeout: float | None = CALL_WITHIN,
    ) -> Any:
        """Run a script, which Redis is told first where it does not know it; else as `execute`."""
        commands = self._calls.first(script, keys, arguments)
        while True:
            # Where calls go one by one, none can overtake another that is refused.
            brought = self._calls.brought(script) if self._pipelines else None
            try:
                replies = await self._target.exchange(commands, timeout, brought)
            except ServesInCluster:
                self._join_cluster()
                continue
            reply = replies[-1]
            if not isinstance(reply, ReplyError):
                return reply
            commands = self._calls.next(script, keys, arguments, replies)
            if not commands:
                raise self._refusal(script.name, reply)

    async def nodes(self, *, timeout: float = CALL_WITHIN) -> list[Node]:
        """Every server that holds keys, for what each must be asked by itself.

        Raises:
            BrokerUnavailable: Redis cannot be reached.
        """
        target = await self._known_target(timeout)
        return [target] if isinstance(target, Node) else await target.nodes(timeout)

    async def node(self, key: str, *, timeout: float = CALL_WITHIN) -> Node:
        """The server that holds a key, for what must be asked there.

        Raises:
            BrokerUnavailable: Redis cannot be reached.
            BrokerMisconfigured: it is a cluster, and the key has no hash tag.
        """
        target = await self._known_target(timeout)
        return target if isinstance(target, Node) else await target.node(key, timeout)

    def slot(self, key: str) -> int | None:
        """Which part of a cluster a key is in; None where there is no cluster, or none is known of yet.

        Raises:
            BrokerMisconfigured: it is a cluster, and the key has no hash tag.
        """
        return None if isinstance(self._target, Node) else self._target.slot(key)

    async def close(self) -> None:
        """Close the socket for good; a call in flight ends with BrokerUnavailable."""
        self.closed = True
        await self._target.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _leave_unused_nodes(self) -> None:
        """Of a cluster, only the servers that hold what we use shall know us by our name."""
        if isinstance(self._target, Cluster):
            self._target.drop()

    def _join_cluster(self) -> None:
        if isinstance(self._target, Node):
            self._target = Cluster(self._target.server, self._client_name, pipelines=self._pipelines)

    async def _known_target(self, timeout: float) -> Node | Cluster:
        """The target once it is known whether that is a cluster, which the first call finds out."""
        if isinstance(self._target, Node) and self.client_id is None:
            await self.execute("PING", timeout=timeout)
        return self._target

    def _refusal(self, command: str, reply: ReplyError) -> BullError:
        if is_failover(reply):
            self._target.drop()
            self._calls.begin_anew()
        return refusal(self._target.server, command, reply)


async def _info(node: Node, timeout: float) -> bytes | None:
    try:
        report: bytes = await node.execute("INFO", timeout=timeout)
    except CommandRefused:
        return None
    return report
