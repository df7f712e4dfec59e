"""Jobs taken by hand, as scripts and tests do."""

import asyncio

import pytest

from support.jobs import Mix, Paint, Painted, PaintOnce, paint
from support.waiting import eventually
from toril.backend import JobFailed, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.jobs import InvalidResult
from toril.types import JobState
from toril.worker import (
    Handlers,
    OutcomeRefused,
    Unrecoverable,
    WorkerFactory,
    WorkerSettings,
    WrongContract,
)


@pytest.fixture
def factory(broker: EmbeddedBroker, prefix: str) -> WorkerFactory:
    return WorkerFactory(broker.url, Handlers(), prefix=prefix)


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str):
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service


async def test_a_job_is_taken_read_and_completed_by_its_contract(
    factory: WorkerFactory, queues: QueueService
) -> None:
    handle = await queues.enqueue(Paint(colour="red"))
    async with factory.take(paint) as job:
        assert job is not None
        assert job.payload(Paint) == Paint(colour="red")
        assert await handle.state() is JobState.ACTIVE
        await job.log("by hand")
        await job.complete_as(Paint, Painted(colour="red", attempt=1))
    assert await handle.result(timeout=10) == Painted(colour="red", attempt=1)
    assert await handle.logs() == ["by hand"]


async def test_a_job_is_completed_with_any_json_value(factory: WorkerFactory, queues: QueueService) -> None:
    handle = await queues.enqueue(Mix(answer="7"))
    async with factory.take(paint) as job:
        assert job is not None
        assert (job.record.name, job.record.data) == ("mix", '{"answer":"7"}')
        with pytest.raises(InvalidResult):
            await job.complete(float("nan"))
        await job.complete(7)
    assert await handle.result(timeout=10) == 7


async def test_nothing_to_take_is_none(factory: WorkerFactory) -> None:
    async with factory.take(paint) as job:
        assert job is None
    async with factory.take(paint, timeout=0.2) as job:
        assert job is None


async def test_a_job_that_comes_while_one_waits_is_taken(
    factory: WorkerFactory, queues: QueueService
) -> None:
    async def take() -> str | None:
        async with factory.take(paint, timeout=20.0) as job:
            assert job is not None
            await job.complete(7)
            return job.record.id

    async with asyncio.TaskGroup() as group:
        taking = group.create_task(take())
        handle = await queues.enqueue(Mix(answer="7"), delay=0.2)
    assert taking.result() == handle.job_id


async def test_a_failed_attempt_is_followed_by_what_the_job_says(
    factory: WorkerFactory, queues: QueueService
) -> None:
    handle = await queues.enqueue(Paint(colour="red"))
    async with factory.take(paint) as job:
        assert job is not None
        await job.fail(ValueError("no red left"))
    record = await handle.record()
    assert (record.state, record.attempts_made, record.failed_reason) == (
        JobState.DELAYED,
        1,
        "ValueError: no red left",
    )
    async with factory.take(paint, timeout=10.0) as job:
        assert job is not None
        assert job.record.attempts_made == 1
        await job.fail(Unrecoverable("torn"))
    with pytest.raises(JobFailed, match="torn"):
        await handle.result(timeout=10)


async def test_a_job_that_is_not_settled_goes_back_unharmed(
    factory: WorkerFactory, queues: QueueService
) -> None:
    handle = await queues.enqueue(Paint(colour="red"))

    async def meet_an_error() -> None:
        async with factory.take(paint) as job:
            assert job is not None
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await meet_an_error()
    record = await handle.record()
    assert (record.state, record.attempts_made) == (JobState.WAITING, 0)


async def test_a_job_is_put_off_by_hand(factory: WorkerFactory, queues: QueueService) -> None:
    handle = await queues.enqueue(Paint(colour="red"))
    async with factory.take(paint) as job:
        assert job is not None
        with pytest.raises(ValueError, match="delay"):
            await job.move_to_delayed(-1.0)
        await job.move_to_delayed(60.0)
    record = await handle.record()
    assert (record.state, record.delay, record.attempts_made) == (JobState.DELAYED, 60.0, 0)


async def test_a_job_is_settled_once(factory: WorkerFactory, queues: QueueService) -> None:
    handle = await queues.enqueue(Mix(answer="7"))
    async with factory.take(paint) as job:
        assert job is not None
        await job.complete(7)
        with pytest.raises(OutcomeRefused, match="settled already"):
            await job.fail(ValueError())
    assert await handle.state() is JobState.COMPLETED


async def test_a_job_is_not_read_by_another_contract(factory: WorkerFactory, queues: QueueService) -> None:
    await queues.enqueue(Paint(colour="red"))
    async with factory.take(paint) as job:
        assert job is not None
        with pytest.raises(WrongContract, match="paint-once"):
            job.payload(PaintOnce)
        with pytest.raises(WrongContract):
            await job.complete_as(Mix, 7)


async def test_the_lock_is_renewed_however_long_it_takes(
    factory: WorkerFactory, queues: QueueService, connection: Connection, keys: QueueKeys
) -> None:
    handle = await queues.enqueue(Mix(answer="7"))
    async with factory.take(paint, settings=WorkerSettings(lock_duration=0.6)) as job:
        assert job is not None
        key = keys.lock(handle.job_id)
        left: list[int] = []

        async def renewed() -> bool:
            left.append(await connection.execute("PTTL", key))
            return len(left) > 1 and left[-1] > left[-2]

        await eventually(renewed)
        await eventually(renewed)
        await job.complete(7)
    assert await handle.result(timeout=10) == 7


async def test_what_lost_its_lock_is_refused(
    factory: WorkerFactory, queues: QueueService, connection: Connection, keys: QueueKeys
) -> None:
    handle = await queues.enqueue(Mix(answer="7"))
    async with factory.take(paint) as job:
        assert job is not None
        await connection.execute("SET", keys.lock(handle.job_id), "another worker", "PX", "5000")
        with pytest.raises(OutcomeRefused, match="locked by other"):
            await job.complete(7)
    assert await handle.state() is JobState.ACTIVE
