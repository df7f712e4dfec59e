"""Calls cancelled in flight on a connection that finishes them, and calls that closing cuts short."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import uvloop

from support.own_broker import frozen
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import QueueKeys

GENEROUS = 5.0  # half of what a call takes at most


@pytest.fixture
async def finishing(broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    async with await Connection.open(broker.url, pipelines=True) as opened:
        yield opened


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port of a server that takes no more connections: who dials it is left waiting."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listening.getsockname())
        yield listening.getsockname()[1]


async def cancel(call: asyncio.Task[Any]) -> None:
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_what_was_sent_is_carried_out_and_the_next_call_gets_its_own_reply(
    finishing: Connection, connection: Connection, keys: QueueKeys
):
    before = finishing.client_id
    popping = asyncio.create_task(finishing.execute("BLPOP", keys.wait, 0))
    await eventually(lambda: _has_blocked_client(connection))
    await cancel(popping)
    following = asyncio.create_task(finishing.execute("ECHO", "mine"))
    third = asyncio.create_task(finishing.execute("ECHO", "another"))
    await asyncio.sleep(0)
    await connection.execute("RPUSH", keys.wait, "late")
    assert await following == b"mine"
    assert await third == b"another"
    assert await connection.execute("EXISTS", keys.wait) == 0
    assert finishing.client_id == before


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_reply_is_never_taken_for_another_call_s_whenever_that_is_cancelled(
    broker: EmbeddedBroker, loop_factory: Callable[[], asyncio.AbstractEventLoop]
):
    async def cancel_calls() -> None:
        async with await Connection.open(broker.url, pipelines=True) as finishing:
            before = finishing.client_id
            for number in range(40):
                call = asyncio.create_task(finishing.execute("ECHO", "cancelled"))
                for _ in range(number % 8):
                    await asyncio.sleep(0)
                call.cancel()
                with suppress(asyncio.CancelledError):
                    await call
                assert await finishing.execute("ECHO", str(number)) == str(number).encode()
            assert finishing.client_id == before

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(cancel_calls())


async def test_a_call_that_waits_for_a_cancelled_one_keeps_its_own_deadline(
    own_broker: EmbeddedBroker, reports: list[dict[str, Any]]
):
    async with await Connection.open(own_broker.url, pipelines=True) as finishing:
        with frozen(own_broker):
            cancelled = asyncio.create_task(finishing.execute("PING"))
            await asyncio.sleep(0)
            await cancel(cancelled)
            with pytest.raises(BrokerUnavailable, match="no answer in time"):
                await finishing.execute("PING", timeout=0.1)
        assert await finishing.execute("ECHO", "mine") == b"mine"


async def test_a_cancelled_call_that_is_not_answered_ends_at_its_own_deadline(
    own_broker: EmbeddedBroker, reports: list[dict[str, Any]]
):
    async with await Connection.open(own_broker.url, pipelines=True) as finishing:
        before = finishing.client_id
        with frozen(own_broker):
            cancelled = asyncio.create_task(finishing.execute("PING", timeout=0.1))
            await asyncio.sleep(0)
            await cancel(cancelled)
            following = asyncio.create_task(finishing.execute("ECHO", "mine"))
            await eventually(lambda: finishing.client_id is None)  # it gave that socket up, and dials
        assert await following == b"mine"
        assert finishing.client_id not in (None, before)


async def test_a_cancelled_call_whose_socket_breaks_is_forgotten(
    finishing: Connection, connection: Connection, keys: QueueKeys, reports: list[dict[str, Any]]
):
    popping = asyncio.create_task(finishing.execute("BLPOP", keys.wait, 0))
    await eventually(lambda: _has_blocked_client(connection))
    await cancel(popping)
    following = asyncio.create_task(finishing.execute("ECHO", "mine"))
    await asyncio.sleep(0)
    await connection.execute("CLIENT", "KILL", "ID", finishing.client_id or 0)
    assert await following == b"mine"


async def test_closing_ends_a_call_that_waits_for_a_cancelled_one(
    broker: EmbeddedBroker, connection: Connection, keys: QueueKeys, reports: list[dict[str, Any]]
):
    finishing = await Connection.open(broker.url, pipelines=True)
    popping = asyncio.create_task(finishing.execute("BLPOP", keys.wait, 0))
    await eventually(lambda: _has_blocked_client(connection))
    await cancel(popping)
    following = asyncio.create_task(finishing.execute("ECHO", "mine"))
    await asyncio.sleep(0)
    await finishing.close()
    with pytest.raises(BrokerUnavailable, match="this connection was closed"):
        await asyncio.wait_for(following, GENEROUS)


async def test_closing_ends_a_call_that_is_still_connecting(full_port: int):
    connection = Connection(f"redis://127.0.0.1:{full_port}")
    call = asyncio.create_task(connection.execute("PING"))
    await asyncio.sleep(0)
    await connection.close()
    with pytest.raises(BrokerUnavailable, match="this connection was closed"):
        await asyncio.wait_for(call, GENEROUS)


async def test_closing_ends_a_call_that_pauses_before_it_connects_again(unused_tcp_port: int):
    connection = Connection(f"redis://127.0.0.1:{unused_tcp_port}")
    call = asyncio.create_task(connection.execute("PING"))
    for _ in range(20):
        await asyncio.sleep(0.01)
    await connection.close()
    with pytest.raises(BrokerUnavailable, match="this connection was closed"):
        await asyncio.wait_for(call, GENEROUS)


async def _has_blocked_client(connection: Connection) -> bool:
    return b"cmd=blpop" in await connection.execute("CLIENT", "LIST")
