"""Following a queue through the service: what happens to its jobs, and what others tell of them."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta

import pytest

from support.clients import clients
from support.jobs import Paint, paint
from support.waiting import eventually
from support.workshop import workshop
from toril.backend import (
    InvalidEvent,
    InvalidQuery,
    InvalidQueueName,
    QueueEvents,
    QueueService,
    ServiceClosed,
)
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.workers import event_client_name
from toril.types import EventKind, JobEvent, JobState

WITHIN = 20.0


async def until(events: QueueEvents, kind: EventKind) -> list[JobEvent]:
    """The events up to the first of that kind."""
    seen: list[JobEvent] = []
    async with asyncio.timeout(WITHIN):
        async for event in events:
            seen.append(event)
            if event.kind is kind:
                return seen
    raise AssertionError("the feed ended")


async def test_everything_that_happens_to_a_job_is_told(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues, queues.events(paint) as events:
        before = datetime.now(UTC)
        handle = await queues.enqueue(Paint(colour="red", failures=1), delay=0.01)
        told = await until(events, EventKind.COMPLETED)
    assert [event.kind for event in told] == [
        EventKind.ADDED,
        EventKind.DELAYED,
        EventKind.WAITING,
        EventKind.ACTIVE,
        EventKind.DELAYED,
        EventKind.WAITING,
        EventKind.ACTIVE,
        EventKind.COMPLETED,
    ]
    assert {event.job_id for event in told} == {handle.job_id}
    assert {event.queue for event in told} == {"paint"}
    added, delayed, waiting, *_, completed = told
    assert added.job_name == "paint"
    assert delayed.due_at is not None
    assert before < delayed.due_at + timedelta(milliseconds=1)
    assert (waiting.previous, completed.previous) == (JobState.DELAYED, JobState.ACTIVE)
    assert completed.result == '{"colour":"red","attempt":2}'
    assert all(event.at is not None and event.at > before - timedelta(seconds=1) for event in told)


async def test_a_service_of_later_goes_on_where_another_stopped(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with queues.events("paint") as events:
            await queues.enqueue(Paint(colour="red"))
            await until(events, EventKind.ADDED)
        await queues.enqueue(Paint(colour="blue"))
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        queues.events("paint", after=events.last_id) as later,
    ):
        assert [(event.kind, event.job_id) for event in await until(later, EventKind.ADDED)] == [
            (EventKind.WAITING, "1"),
            (EventKind.ADDED, "2"),
        ]


async def test_a_consumer_that_leaves_leaves_no_connection(
    broker: EmbeddedBroker, connection: Connection, prefix: str
) -> None:
    name = event_client_name(QueueKeys("paint", prefix))

    async def followers() -> int:
        return [client["name"] for client in await clients(connection)].count(name)

    async def nobody_follows() -> bool:
        return await followers() == 0

    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with queues.events(paint) as events, queues.events(paint) as others:
            await queues.enqueue(Paint(colour="red"))
            assert await followers() == 2
            for each in (events, others):
                async for _ in each:
                    break
        await eventually(nobody_follows)


async def test_leaving_the_service_ends_every_feed(broker: EmbeddedBroker, prefix: str) -> None:
    async def follow(queues: QueueService) -> None:
        async with queues.events(paint) as events:
            entered.release()
            async for _ in events:
                raise AssertionError("nothing happens here")

    entered = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as group:
        async with QueueService.connect(broker.url, prefix=prefix) as queues:
            following = [group.create_task(_outcome(follow(queues))) for _ in range(3)]
            async with asyncio.timeout(WITHIN):
                for _ in following:
                    await entered.acquire()
    assert [task.result() for task in following] == [ServiceClosed] * 3


async def test_a_feed_needs_an_open_service(broker: EmbeddedBroker, prefix: str) -> None:
    queues = QueueService.connect(broker.url, prefix=prefix)
    with pytest.raises(ServiceClosed):
        queues.events(paint)
    async with queues:
        with pytest.raises(InvalidQueueName):
            queues.events("a:b")
        with pytest.raises(InvalidQuery):
            async with queues.events(paint, after="yesterday"):
                raise AssertionError("it was entered")
        async with queues.events(paint) as events:
            pass
        with pytest.raises(ServiceClosed):
            await anext(events)


async def test_an_event_of_ones_own_is_told_beside_those_of_the_jobs(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues, queues.events(paint) as events:
        handle = await queues.enqueue(Paint(colour="red"))
        await queues.publish_event(paint, "repainted", {"colour": "blue"}, job_id=handle.job_id)
        *_, event = await until(events, EventKind.UNKNOWN)
        assert (event.name, event.job_id, event.fields) == ("repainted", handle.job_id, (("colour", "blue"),))
        with pytest.raises(InvalidEvent, match="meaning of its own"):
            await queues.publish_event(paint, "completed")


async def _outcome(work: Awaitable[None]) -> type[BaseException] | None:
    try:
        await work
    except ServiceClosed as error:
        return type(error)
    return None
