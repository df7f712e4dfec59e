"""The events of one job, on their way to one who follows it."""

import asyncio

import pytest

from toril.backend import ServiceClosed
from toril.backend.services.watcher import MOST_UNREAD_EVENTS, Subscription
from toril.types import EventKind, JobEvent


def event(number: int) -> JobEvent:
    return JobEvent(queue="paint", id=f"{number}-0", kind=EventKind.PROGRESS, job_id="1")


async def test_events_come_in_order() -> None:
    subscription = Subscription()
    subscription.tell(event(1))
    subscription.tell(event(2))
    assert [await subscription.next(10), await subscription.next(10)] == [event(1), event(2)]


async def test_no_event_in_time_is_none() -> None:
    assert await Subscription().next(0.01) is None


async def test_a_follower_who_falls_behind_is_told_to_look_and_then_hears_what_comes_after() -> None:
    subscription = Subscription()
    for number in range(MOST_UNREAD_EVENTS + 1):
        subscription.tell(event(number))
    subscription.tell(event(7_000))
    assert [await subscription.next(10), await subscription.next(10)] == [None, event(7_000)]
    assert await subscription.next(0.01) is None


async def test_a_wait_ends_when_the_service_is_left() -> None:
    subscription = Subscription()
    waiting = asyncio.create_task(subscription.next(10))
    await asyncio.sleep(0)
    subscription.close()
    for waits in (waiting, subscription.next(10)):
        with pytest.raises(ServiceClosed):
            await waits
