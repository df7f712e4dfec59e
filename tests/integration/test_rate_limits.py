"""Handlers that hold their queue, because whomever they call asks for it."""

import time
from dataclasses import replace

import pytest

from support.jobs import Paint, Painted
from support.waiting import eventually
from support.workshop import QUICK, running_worker, workshop
from toril.backend import JobFailed, JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState
from toril.worker import Handlers, JobContext, RateLimited

HOLD = 1.5


def limited_once(starts: list[tuple[str, float]], hold: float = HOLD) -> Handlers:
    """Handlers of `Paint` whose first run asks for a rest; each start is noted with its time."""
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        starts.append((context.job_id, time.time()))
        if len(starts) == 1:
            raise RateLimited(retry_after=hold)
        return Painted(colour=job.colour, attempt=context.attempt)

    return handlers


async def test_a_rate_limited_job_goes_back_unharmed_and_the_queue_rests_for_so_long(
    broker: EmbeddedBroker, prefix: str
) -> None:
    starts: list[tuple[str, float]] = []
    one_at_a_time = replace(QUICK, concurrency=1)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(Paint(colour="red") for _ in range(3))
        async with running_worker(broker.url, prefix, handlers=limited_once(starts), settings=one_at_a_time):
            results = [await handle.result(timeout=20) for handle in handles]
        assert results == [Painted(colour="red", attempt=1)] * 3
        first = handles[0].job_id
        assert [job_id for job_id, _ in starts] == [first, *(handle.job_id for handle in handles)]
        assert starts[1][1] - starts[0][1] >= HOLD
        record = await handles[0].record()
        assert (record.attempts_made, record.attempts_started, record.failed_reason) == (1, 2, None)


async def test_every_worker_of_the_queue_obeys_although_none_has_a_limit_of_its_own(
    broker: EmbeddedBroker, prefix: str
) -> None:
    starts: list[tuple[str, float]] = []
    handlers = limited_once(starts)
    async with (
        workshop(broker.url, prefix, handlers=handlers) as queues,
        running_worker(broker.url, prefix, handlers=handlers),
    ):
        held = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: _was_held(held))
        later = [await queues.enqueue(Paint(colour="blue")) for _ in range(20)]
        assert [await handle.result(timeout=20) for handle in later] == [
            Painted(colour="blue", attempt=1)
        ] * 20
        assert await held.result(timeout=20) == Painted(colour="red", attempt=1)
    assert min(at for _, at in starts[1:]) - starts[0][1] >= HOLD


async def _was_held(handle: JobHandle[object]) -> bool:
    record = await handle.record()
    return (record.state, record.attempts_started) == (JobState.WAITING, 1)


async def test_a_worker_that_is_woken_while_a_limit_holds_goes_on_when_it_ends(
    broker: EmbeddedBroker, prefix: str
) -> None:
    """The job that goes back leaves a wake-up, which the worker may get as it learns of the limit."""
    handlers = Handlers()
    started: set[str] = set()

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        if context.job_id not in started:
            started.add(context.job_id)
            raise RateLimited(retry_after=0.0)
        return Painted(colour=job.colour, attempt=context.attempt)

    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        for _ in range(30):
            handle = await queues.enqueue(Paint(colour="red"))
            assert await handle.result(timeout=10) == Painted(colour="red", attempt=1)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
async def test_a_rest_of_no_seconds_is_an_error_of_the_handler(
    broker: EmbeddedBroker, prefix: str, seconds: float
) -> None:
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        raise RateLimited(seconds)

    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        with pytest.raises(JobFailed, match="retry_after"):
            await (await queues.enqueue(Paint(colour="red"))).result(timeout=10)
