"""Handlers that end a run without a result and without a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from support.jobs import Paint, Painted
from support.waiting import eventually
from support.workshop import QUICK, is_in, running_worker, workshop
from toril.backend import JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState
from toril.worker import Handlers, JobContext


def first_run(act: Callable[[JobContext], Awaitable[None]]) -> Handlers:
    """Handlers of `Paint` whose first run does so, and whose later ones paint."""
    handlers = Handlers()
    runs: list[str] = []

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        runs.append(context.job_id)
        if len(runs) == 1:
            await act(context)
        return Painted(colour=f"{job.colour} in run {len(runs)}", attempt=context.attempt)

    return handlers


async def test_a_job_that_moves_itself_to_delayed_waits_and_burns_no_attempt(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def postpone(context: JobContext) -> None:
        context.move_to_delayed(60.0)

    async with workshop(broker.url, prefix, handlers=first_run(postpone)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: is_in(handle, JobState.DELAYED))
        record = await handle.record()
        assert (record.attempts_made, record.attempts_started, record.failed_reason) == (0, 1, None)
        assert record.delay == 60.0
        await queues.admin("paint").promote(handle.job_id)
        assert await handle.result(timeout=10) == Painted(colour="red in run 2", attempt=1)
        record = await handle.record()
        assert (record.attempts_made, record.attempts_started) == (1, 2)


async def test_a_job_that_moves_itself_to_waiting_runs_again_and_burns_no_attempt(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def move(context: JobContext) -> None:
        context.move_to_waiting()

    async with workshop(broker.url, prefix, handlers=first_run(move)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        assert await handle.result(timeout=10) == Painted(colour="red in run 2", attempt=1)
        assert (await handle.record()).attempts_made == 1


async def test_a_handler_that_catches_every_exception_does_not_stop_a_move(
    broker: EmbeddedBroker, prefix: str
) -> None:
    ended: list[str] = []

    async def swallow(context: JobContext) -> None:
        try:
            context.move_to_delayed(0.0)
        except Exception as error:
            raise AssertionError from error
        finally:
            ended.append(context.job_id)

    async with workshop(broker.url, prefix, handlers=first_run(swallow)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        assert await handle.result(timeout=10) == Painted(colour="red in run 2", attempt=1)
        assert ended == [handle.job_id]


async def test_a_move_from_within_a_task_group_counts(broker: EmbeddedBroker, prefix: str) -> None:
    async def move_from_within(context: JobContext) -> None:
        async def move() -> None:
            context.move_to_delayed(0.0)

        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(60))
            group.create_task(move())

    async with workshop(broker.url, prefix, handlers=first_run(move_from_within)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        assert await handle.result(timeout=10) == Painted(colour="red in run 2", attempt=1)


async def test_an_error_beside_a_move_is_a_failure(broker: EmbeddedBroker, prefix: str) -> None:
    async def move_and_fail(context: JobContext) -> None:
        async def move() -> None:
            context.move_to_delayed(0.0)

        async def fail() -> None:
            raise ValueError("no brush")

        async with asyncio.TaskGroup() as group:
            group.create_task(move())
            group.create_task(fail())

    async with workshop(broker.url, prefix, handlers=first_run(move_and_fail)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        assert await handle.result(timeout=10) == Painted(colour="red in run 2", attempt=2)


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
async def test_a_delay_that_is_none_is_an_error_of_the_handler(
    broker: EmbeddedBroker, prefix: str, seconds: float
) -> None:
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint(job: Paint, context: JobContext) -> Painted:
        context.move_to_delayed(seconds)

    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        with pytest.raises(JobFailed, match="from 0 to 100 years"):
            await handle.result(timeout=10)


async def test_a_handler_that_its_worker_stops_may_still_put_its_job_off(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def until_stopped(context: JobContext) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            context.move_to_delayed(60.0)

    impatient = replace(QUICK, grace=0.0)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        async with running_worker(broker.url, prefix, handlers=first_run(until_stopped), settings=impatient):
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
        record = await handle.record()
        assert (record.state, record.attempts_made) == (JobState.DELAYED, 0)


async def test_a_job_that_moves_itself_is_no_failure_in_the_log(broker: EmbeddedBroker, prefix: str) -> None:
    async def postpone(context: JobContext) -> None:
        context.move_to_delayed(0.0)

    with capture_logs() as logs:
        async with workshop(broker.url, prefix, handlers=first_run(postpone)) as queues:
            await (await queues.enqueue(Paint(colour="red"))).result(timeout=10)
    assert {entry["log_level"] for entry in logs} == {"info"}
