"""Backoffs that a strategy of the application's decides."""

from dataclasses import replace

import pytest

from support.jobs import Painted, paint
from support.waiting import eventually
from support.workshop import QUICK, is_in, workshop
from toril.backend import JobFailed
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job, Retry, custom
from toril.types import CustomBackoff, JobState
from toril.worker import Handlers, JobContext


class Restore(
    Job[Painted], queue=paint, name="restore", retry=Retry(attempts=3, backoff=custom("polite", 9.0))
):
    """Fails as often as asked for, and asks nicely for another attempt."""

    failures: int


def restoring() -> Handlers:
    handlers = Handlers()

    @handlers.handles(Restore)
    async def restore(job: Restore, context: JobContext) -> Painted:
        if context.attempt <= job.failures:
            raise ValueError("no canvas")
        return Painted(colour="as it was", attempt=context.attempt)

    return handlers


async def test_the_strategy_that_a_contract_names_decides_the_pause(
    broker: EmbeddedBroker, prefix: str
) -> None:
    handlers = restoring()
    asked: list[tuple[int, str]] = []

    @handlers.backoff("polite")
    def polite(attempts_made: int, error: BaseException) -> float:
        asked.append((attempts_made, str(error)))
        return 60.0 if attempts_made == 1 else 0.05

    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        handle = await queues.enqueue(Restore(failures=2))
        await eventually(lambda: is_in(handle, JobState.DELAYED))
        assert (await handle.record()).delay == 60.0
        await queues.admin("paint").promote(handle.job_id)
        assert await handle.result(timeout=10) == Painted(colour="as it was", attempt=3)
        assert (await handle.record()).backoff == CustomBackoff("polite", 9.0)
    assert asked == [(1, "no canvas"), (2, "no canvas")]


async def test_a_strategy_that_answers_with_none_ends_the_job(broker: EmbeddedBroker, prefix: str) -> None:
    handlers = restoring()
    handlers.backoff("polite")(lambda attempts_made, error: None)
    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        handle = await queues.enqueue(Restore(failures=2))
        with pytest.raises(JobFailed, match="ValueError: no canvas"):
            await handle.result(timeout=10)
        assert (await handle.record()).attempts_made == 1


async def test_a_job_is_not_started_more_often_than_its_worker_allows(
    broker: EmbeddedBroker, prefix: str
) -> None:
    handlers = Handlers()
    runs: list[int] = []

    @handlers.handles(Restore)
    async def put_off(job: Restore, context: JobContext) -> Painted:
        runs.append(context.attempt)
        context.move_to_delayed(0.0)

    handlers.backoff("polite")(lambda attempts_made, error: 0.0)
    settings = replace(QUICK, most_starts=3)
    async with workshop(broker.url, prefix, handlers=handlers, settings=settings) as queues:
        handle = await queues.enqueue(Restore(failures=0))
        with pytest.raises(JobFailed) as failed:
            await handle.result(timeout=10)
        assert failed.value.reason == "job started more than allowable limit"
        record = await handle.record()
        assert (record.attempts_made, record.attempts_started) == (1, 4)
    assert runs == [1, 1, 1]
