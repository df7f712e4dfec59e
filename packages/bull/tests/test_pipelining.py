"""Several calls at once over one connection."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from support.clients import is_blocked
from support.own_broker import frozen
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import QueueKeys


@pytest.fixture
async def pipelining(broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    async with await Connection.open(broker.url, client_name="pipelining", pipelines=True) as opened:
        yield opened


async def test_a_call_behind_one_that_blocks_gets_its_reply_after_it(
    pipelining: Connection, connection: Connection, keys: QueueKeys
):
    first = asyncio.create_task(pipelining.execute("BLPOP", keys.wait, 0))
    second = asyncio.create_task(pipelining.execute("ECHO", "second"))
    await eventually(lambda: is_blocked(connection, "pipelining", "blpop"))
    assert not second.done()
    await connection.execute("RPUSH", keys.wait, "job")
    assert await first == [keys.wait.encode(), b"job"]
    assert await second == b"second"


async def test_each_call_gets_its_own_reply_however_they_are_sent(pipelining: Connection):
    calls = [
        asyncio.create_task(pipelining.execute("ECHO", "x" * number)) for number in range(0, 90_000, 3_000)
    ]
    assert [len(await call) for call in calls] == list(range(0, 90_000, 3_000))


async def test_an_error_is_its_own_callers_alone(pipelining: Connection):
    replies = await asyncio.gather(
        pipelining.execute("ECHO", "first"),
        pipelining.execute("NONSENSE"),
        pipelining.execute("ECHO", "third"),
        return_exceptions=True,
    )
    assert (replies[0], replies[2]) == (b"first", b"third")
    assert "unknown command" in str(replies[1])


async def test_a_socket_that_breaks_is_told_to_all_and_the_next_call_opens_another(
    pipelining: Connection, connection: Connection, keys: QueueKeys
):
    calls = [asyncio.create_task(pipelining.execute("BLPOP", keys.wait, 0)) for _ in range(2)]
    await eventually(lambda: is_blocked(connection, "pipelining", "blpop"))
    await connection.execute("CLIENT", "KILL", "ID", pipelining.client_id or 0)
    for call in calls:
        with pytest.raises(BrokerUnavailable):
            await call
    assert await pipelining.execute("ECHO", "mine") == b"mine"


async def test_one_that_is_not_answered_in_time_ends_all_that_is_under_way(own_broker: EmbeddedBroker):
    async with await Connection.open(own_broker.url, pipelines=True) as pipelining:
        with frozen(own_broker):
            calls = [
                asyncio.create_task(pipelining.execute("PING", timeout=seconds))
                for seconds in (5.0, 0.1, 5.0)
            ]
            for call in calls:
                with pytest.raises(BrokerUnavailable, match="no answer in time"):
                    await asyncio.wait_for(call, 2.5)
        assert await pipelining.execute("ECHO", "mine") == b"mine"
