"""What becomes of calls in flight: the service is left, the caller gives up, the source or Redis fails."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from support.clients import has_sent, is_blocked
from support.jobs import Paint
from support.other_jobs import Frame
from support.own_broker import frozen
from support.proxy import Proxy
from support.waiting import eventually
from toril.backend import JobHandle, QueueService, ServiceClosed
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.jobs import InvalidPayload
from toril.types import JobState

BAD = Paint.model_construct(colour="")


@pytest.fixture
async def proxy(broker: EmbeddedBroker) -> AsyncIterator[Proxy]:
    async with Proxy(broker.url) as running:
        yield running


class Source:
    """Jobs that come one by one for ever, unless one is bad; it knows whether it was closed."""

    def __init__(self, *, bad_at: int | None = None) -> None:
        self.bad_at = bad_at
        self.closed = False

    async def jobs(self) -> AsyncIterator[Paint]:
        try:
            number = 0
            while True:
                yield BAD if number == self.bad_at else Paint(colour="red")
                number += 1
                if number % 100 == 0:
                    await asyncio.sleep(0)
        finally:
            self.closed = True


def of_two_queues() -> Iterator[Paint | Frame]:
    while True:
        yield Paint(colour="red")
        yield Frame(picture="sunset")


async def closed_result(handle: JobHandle[Any], timeout: float | None = None) -> bool:
    with pytest.raises(ServiceClosed):
        await handle.result(timeout)
    return True


# --- the service is left ---


async def test_enqueueing_ends_with_service_closed(
    proxy: Proxy, prefix: str, connection: Connection, keys: QueueKeys, reports: list[dict[str, Any]]
) -> None:
    async with QueueService.connect(proxy.url, prefix=prefix) as queues:
        await queues.enqueue(Frame(picture="sunset"))  # Redis has the script from now on
        proxy.swallows_replies = True
        under_way = asyncio.create_task(queues.enqueue(Paint(colour="red")))
        await eventually(lambda: connection.execute("EXISTS", keys.wait))
        in_line = asyncio.create_task(queues.enqueue(Paint(colour="blue")))
        many = asyncio.create_task(queues.enqueue_many(of_two_queues()))
        await asyncio.sleep(0)
    for call in (under_way, in_line, many):
        with pytest.raises(ServiceClosed):
            await asyncio.wait_for(call, 10)


async def test_enqueueing_that_has_just_begun_ends_with_service_closed(
    broker: EmbeddedBroker, prefix: str, reports: list[dict[str, Any]]
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        call = asyncio.create_task(queues.enqueue(Paint(colour="red")))
        await asyncio.sleep(0)
    with pytest.raises(ServiceClosed):
        await asyncio.wait_for(call, 10)


@pytest.mark.parametrize("timeout", [None, 30.0])
async def test_waiting_for_a_result_ends_with_service_closed(
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    timeout: float | None,
    reports: list[dict[str, Any]],
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        waiting = asyncio.create_task(closed_result(handle, timeout))
        await eventually(lambda: is_blocked(connection, "toril-events", "xread"))
    assert await asyncio.wait_for(waiting, 10)
    assert await closed_result(handle)


async def test_a_first_look_for_a_result_ends_with_service_closed(
    proxy: Proxy, prefix: str, connection: Connection, reports: list[dict[str, Any]]
) -> None:
    async with QueueService.connect(proxy.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.state()
        proxy.swallows_replies = True
        waiting = asyncio.create_task(closed_result(handle))
        await eventually(lambda: has_sent(connection, "toril-backend", "xrevrange"))
    assert await asyncio.wait_for(waiting, 10)


async def test_a_service_can_be_entered_again(broker: EmbeddedBroker, prefix: str) -> None:
    queues = QueueService.connect(broker.url, prefix=prefix)
    for _ in range(2):
        async with queues:
            handle = await asyncio.wait_for(queues.enqueue(Paint(colour="red")), 10)
            assert await handle.state() is JobState.WAITING


# --- enqueue_many fails ---


@pytest.mark.parametrize("bad_at", [0, 600])
async def test_a_bad_job_ends_the_reading_of_its_source(
    broker: EmbeddedBroker, prefix: str, bad_at: int, reports: list[dict[str, Any]]
) -> None:
    source = Source(bad_at=bad_at)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(InvalidPayload):
            await queues.enqueue_many(source.jobs())
        assert source.closed


async def test_no_answer_leaves_nothing_behind(reports: list[dict[str, Any]], server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url, timeout=0.3) as queues:
            await queues.enqueue_many([Paint(colour="red"), Frame(picture="sunset")])
            with frozen(broker):
                # The last calls end after all that stood in line before them.
                for call in (
                    queues.enqueue_many(of_two_queues()),
                    queues.enqueue(Paint(colour="red")),
                    queues.enqueue(Frame(picture="sunset")),
                ):
                    with pytest.raises(BrokerUnavailable):
                        await asyncio.wait_for(call, 20)


async def test_cancelling_in_the_middle_leaves_nothing_behind(
    broker: EmbeddedBroker,
    prefix: str,
    connection: Connection,
    keys: QueueKeys,
    reports: list[dict[str, Any]],
) -> None:
    source = Source()
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        calls = [
            asyncio.create_task(queues.enqueue_many(source.jobs())),
            asyncio.create_task(queues.enqueue_many(of_two_queues())),
        ]
        await eventually(lambda: _has_waiting(QueueInspector(connection, keys), 1000))
        for call in calls:
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        assert source.closed


async def _has_waiting(inspector: QueueInspector, count: int) -> bool:
    return (await inspector.counts()).by_state[JobState.WAITING] >= count
