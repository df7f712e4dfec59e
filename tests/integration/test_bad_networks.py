"""Networks that cut, half-close and swallow, at the worst moment for each loop of workers and producers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from support.jobs import Paint, Painted
from support.proxy import Fault, Proxy
from support.script_names import sent_as
from support.waiting import eventually
from support.workshop import QUICK, is_in, running_worker
from toril.backend import BrokerUnavailable, JobFailed, JobHandle, JobNotCancellable, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import CANCELLED, EventKind, JobState
from toril.worker import Handlers, JobContext

# A lost answer is noticed after a third of the lock's duration, a lost renewal after a quarter.
PATIENT = replace(QUICK, lock_duration=4.0, stalled_interval=0.5)
NOTICED_WITHIN = 30.0  # generous: six seconds are what it takes at most

SETTLE_AND_TAKE = sent_as("working/settle_and_take")
EVERY_FAULT = list(Fault)


@pytest.fixture
async def proxy(broker: EmbeddedBroker) -> AsyncIterator[Proxy]:
    async with Proxy(broker.url) as running:
        yield running


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    """A producer on a good line."""
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service


class Studio:
    """Handlers whose runs end when they are told to."""

    def __init__(self) -> None:
        self.handlers = Handlers()
        self.starts: list[str] = []
        self.ends = asyncio.Event()

        @self.handlers.handles(Paint)
        async def paint_it(job: Paint, context: JobContext) -> Painted:
            self.starts.append(context.job_id)
            await self.ends.wait()
            return Painted(colour=job.colour, attempt=context.attempt)


async def ran_once(handle: JobHandle[Painted]) -> None:
    await handle.result(timeout=NOTICED_WITHIN)
    record = await handle.record()
    assert (record.attempts_started, record.attempts_made, record.stalled_count) == (1, 1, 0)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_an_idle_worker_notices_and_takes_jobs_again(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    trap = proxy.trap("BZPOPMIN", fault)
    async with running_worker(proxy.url, prefix, settings=PATIENT):
        await trap.sprung.wait()
        await ran_once(await queues.enqueue(Paint(colour="red")))


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_what_was_taken_by_an_exchange_that_broke_is_found_and_runs_once(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    studio = Studio()
    studio.ends.set()
    trap = proxy.trap(SETTLE_AND_TAKE, fault)
    handles = list(await queues.enqueue_many(Paint(colour="red") for _ in range(5)))
    async with running_worker(proxy.url, prefix, handlers=studio.handlers, settings=PATIENT):
        for handle in handles:
            await ran_once(handle)
    assert trap.sprung.is_set()
    assert sorted(studio.starts) == sorted(handle.job_id for handle in handles)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_an_outcome_whose_settling_broke_is_settled_again_and_recognised(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    studio = Studio()
    handles = list(await queues.enqueue_many(Paint(colour="red") for _ in range(5)))
    with capture_logs() as logs:
        async with running_worker(proxy.url, prefix, handlers=studio.handlers, settings=PATIENT):
            await eventually(lambda: len(studio.starts) == 5)
            trap = proxy.trap(SETTLE_AND_TAKE, fault)
            studio.ends.set()
            for handle in handles:
                await ran_once(handle)
            await trap.sprung.wait()
            await ran_once(await queues.enqueue(Paint(colour="blue")))
    assert len(studio.starts) == 6
    assert not [entry for entry in logs if "outcome refused" in entry["event"]]


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_lock_is_renewed_again_in_time(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    studio = Studio()
    trap = proxy.trap(sent_as("working/renew_locks"), fault)
    async with running_worker(proxy.url, prefix, handlers=studio.handlers, settings=PATIENT):
        handle = await queues.enqueue(Paint(colour="red"))
        await trap.sprung.wait()
        # The stalled check would find it by then, had its lock run out.
        await asyncio.sleep(1.5 * PATIENT.lock_duration)
        studio.ends.set()
        await ran_once(handle)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_the_stalled_check_goes_on(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    trap = proxy.trap(sent_as("working/recover_stalled"), fault)
    async with running_worker(proxy.url, prefix, settings=PATIENT) as worker:
        await trap.sprung.wait()
        again = proxy.trap(sent_as("working/recover_stalled"), Fault.LOSE_REPLY)
        await asyncio.wait_for(again.sprung.wait(), NOTICED_WITHIN)
        await eventually(lambda: worker.is_ready)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_result_is_told_although_the_events_stop_coming(
    proxy: Proxy, broker: EmbeddedBroker, prefix: str, fault: Fault
) -> None:
    trap = proxy.trap("XREAD", fault)
    async with (
        QueueService.connect(proxy.url, prefix=prefix) as distant,
        running_worker(broker.url, prefix, settings=PATIENT),
    ):
        handle = await distant.enqueue(Paint(colour="red"), delay=0.3)
        assert (await handle.result(timeout=NOTICED_WITHIN)).colour == "red"
        assert trap.sprung.is_set()


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_feed_goes_on_without_a_gap(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    async with (
        QueueService.connect(proxy.url, prefix=prefix) as distant,
        distant.events("paint", after="0") as events,
    ):
        trap = proxy.trap("XREAD", fault)
        handles = [await queues.enqueue(Paint(colour="red")) for _ in range(3)]
        async with asyncio.timeout(NOTICED_WITHIN):
            added = [event.job_id async for event in _first(events, 6) if event.kind is EventKind.ADDED]
        assert trap.sprung.is_set()
        assert added == [handle.job_id for handle in handles]


async def _first(events: AsyncIterator[object], count: int) -> AsyncIterator[object]:
    for _ in range(count):
        yield await anext(events)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_worker_hears_of_cancelled_jobs_again(
    proxy: Proxy, queues: QueueService, prefix: str, fault: Fault
) -> None:
    studio = Studio()
    trap = proxy.trap("SUBSCRIBE", fault)
    async with running_worker(
        proxy.url, prefix, handlers=studio.handlers, settings=replace(PATIENT, lock_duration=300.0)
    ):
        handle = await queues.enqueue(Paint(colour="red"))
        await trap.sprung.wait()
        await eventually(lambda: studio.starts)
        # With such a lock only the word itself can stop it: it is said until it is heard.
        await eventually(lambda: _is_cancelled(handle), timeout=NOTICED_WITHIN)
        with pytest.raises(JobFailed, match=CANCELLED):
            await handle.result(timeout=10)


async def _is_cancelled(handle: JobHandle[Painted]) -> bool:
    with suppress(TimeoutError, JobNotCancellable):
        await handle.cancel(timeout=0)
    return await is_in(handle, JobState.FAILED)


@pytest.mark.parametrize("fault", EVERY_FAULT)
async def test_a_producer_is_told_and_goes_on(
    proxy: Proxy, broker: EmbeddedBroker, prefix: str, fault: Fault
) -> None:
    async with QueueService.connect(proxy.url, prefix=prefix, timeout=1.0) as distant:
        await distant.enqueue(Paint(colour="red"))
        proxy.trap(sent_as("adding/add"), fault)
        with pytest.raises(BrokerUnavailable):
            await distant.enqueue(Paint(colour="blue"), job_id="blue")
        handle = await distant.enqueue(Paint(colour="blue"), job_id="blue")
        assert await handle.state() is JobState.WAITING
        assert sum((await distant.inspect("paint").counts()).by_state.values()) == 2


@pytest.mark.parametrize("direction", ["requests", "replies", "both"])
async def test_a_line_that_swallows_everything_for_a_while_repeats_nothing(
    proxy: Proxy, queues: QueueService, prefix: str, direction: str
) -> None:
    studio = Studio()
    async with running_worker(proxy.url, prefix, handlers=studio.handlers, settings=PATIENT):
        running = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: is_in(running, JobState.ACTIVE))
        proxy.swallows_requests = direction in ("requests", "both")
        proxy.swallows_replies = direction in ("replies", "both")
        studio.ends.set()
        waiting = await queues.enqueue(Paint(colour="blue"))
        await asyncio.sleep(1.5)  # long enough for the loops to notice, too short for a lock to run out
        proxy.swallows_requests = proxy.swallows_replies = False
        await ran_once(running)
        await ran_once(waiting)
