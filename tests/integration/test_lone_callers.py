"""A caller of `enqueue` with whom nobody else adds makes the round trip itself: what that must not change."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clients import clients
from support.jobs import Paint, Painted
from support.own_broker import frozen
from support.proxy import Proxy
from support.waiting import eventually
from toril.backend import JobHandle, QueueService, ServiceClosed
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import QueueKeys

GENEROUS = 5.0  # half of what a call takes at most


@pytest.fixture
async def proxy(broker: EmbeddedBroker) -> AsyncIterator[Proxy]:
    async with Proxy(broker.url) as running:
        yield running


def enqueueing(queues: QueueService, *names: str) -> list[asyncio.Task[JobHandle[Painted]]]:
    """Calls that are about to begin."""
    return [asyncio.create_task(queues.enqueue(Paint(colour=name))) for name in names]


async def adding_clients(connection: Connection) -> set[str]:
    return {each["id"] for each in await clients(connection) if each["name"] == "toril-backend"}


async def test_who_comes_first_is_added_first(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:
            with frozen(broker):
                calls = enqueueing(queues, "first")
                await asyncio.sleep(0)
                calls += enqueueing(queues, "second", "third")
                await asyncio.sleep(0)
            assert [(await call).job_id for call in calls] == ["1", "2", "3"]
            following = [await queues.enqueue(Paint(colour="red")) for _ in range(3)]
            assert [handle.job_id for handle in following] == ["4", "5", "6"]


async def test_who_adds_again_at_once_does_not_overtake_who_waits(server: Path) -> None:
    async def twice() -> list[str]:
        return [(await queues.enqueue(Paint(colour="mine"))).job_id for _ in range(2)]

    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:
            with frozen(broker):
                mine = asyncio.create_task(twice())
                await asyncio.sleep(0)
                [other] = enqueueing(queues, "other")
                await asyncio.sleep(0)
            assert await mine == ["1", "3"]
            assert (await other).job_id == "2"


async def test_a_cancelled_one_is_added_all_the_same_and_harms_nobody(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
        ):
            await queues.enqueue(Paint(colour="red"))  # Redis has the script from now on
            before = await adding_clients(connection)
            with frozen(broker):
                [cancelled] = enqueueing(queues, "cancelled")
                await asyncio.sleep(0)
                kept = enqueueing(queues, "second", "third")
                await asyncio.sleep(0)
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled
            assert [(await call).job_id for call in kept] == ["3", "4"]
            assert '"cancelled"' in (await queues.handle(Paint, "2").record()).data
            assert await adding_clients(connection) >= before  # no socket was lost by it


async def test_one_that_comes_after_a_cancelled_one_is_added_after_it(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:
            await queues.enqueue(Paint(colour="red"))
            with frozen(broker):
                [cancelled] = enqueueing(queues, "cancelled")
                await asyncio.sleep(0)
                cancelled.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await cancelled
                [following] = enqueueing(queues, "following")
                await asyncio.sleep(0)
            assert (await following).job_id == "3"


async def test_no_answer_is_told_to_it_and_to_who_waits_behind_it(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url, timeout=0.3) as queues:
            with frozen(broker):
                calls = enqueueing(queues, "first", "second")
                for call in calls:
                    with pytest.raises(BrokerUnavailable, match="no answer in time"):
                        await asyncio.wait_for(call, GENEROUS)
            assert await queues.enqueue(Paint(colour="red"))


async def test_leaving_the_service_ends_its_wait(
    proxy: Proxy, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with QueueService.connect(proxy.url, prefix=prefix) as queues:
        await queues.enqueue(Paint(colour="red"))
        proxy.swallows_replies = True
        [call] = enqueueing(queues, "lone")
        await eventually(lambda: connection.execute("EXISTS", keys.job("2")))
    with pytest.raises(ServiceClosed):
        await asyncio.wait_for(call, GENEROUS)


async def test_leaving_the_service_ends_its_wait_for_a_connection(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with Proxy(broker.url) as proxy:
        port = int(proxy.url.rpartition(":")[2])
        leaving = QueueService.connect(proxy.url, prefix=prefix)
        queues = await leaving.__aenter__()
    # From now on there is only a server that lets nobody in.
    with socket.create_server(("127.0.0.1", port), backlog=0) as listening, socket.socket() as filling:
        filling.setblocking(False)
        filling.connect_ex(listening.getsockname())
        [call] = enqueueing(queues, "lone")
        await asyncio.sleep(0)
        await leaving.__aexit__(None, None, None)
        with pytest.raises(ServiceClosed):
            await asyncio.wait_for(call, GENEROUS)
