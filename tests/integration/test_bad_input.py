"""Every row of the table of docs/bad-input.md that a running queue shows."""

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from support.jobs import Paint, Painted, Vanish, handlers, paint
from support.waiting import eventually
from support.workshop import QUICK, running_worker, workshop
from toril.backend import JobFailed, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.jobs import InvalidPayload
from toril.types import InvalidJobOptions, JobState
from toril.types.job_options import JobOptions
from toril.worker import Handlers, JobContext


async def add_raw(connection: Connection, keys: QueueKeys, name: str, data: bytes, **options: object) -> str:
    """Adds a job as a Node producer, or an older release, might have."""
    new = NewJob(name, data, JobOptions(**options))  # type: ignore[arg-type]
    [job_id] = await JobQueue(connection, keys).add([new])
    return job_id


async def test_a_payload_that_does_not_fit_is_refused_at_the_producer_and_nothing_is_stored(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        job = Paint(colour="red")
        job.colour = ""
        with pytest.raises(InvalidPayload, match="colour"):
            await queues.enqueue(job)
        with pytest.raises(InvalidPayload, match="seconds"):
            await queues.enqueue(Paint.model_construct(colour="red", seconds="soon"))
        with pytest.raises(InvalidPayload):
            await queues.enqueue(Paint.model_construct(colour="red", seconds=float("nan")))
        assert sum((await queues.inspect("paint").counts()).by_state.values()) == 0


@pytest.mark.parametrize(
    "options", [{"priority": -1}, {"priority": 2**21}, {"delay": -1.0}, {"job_id": "7"}, {"job_id": "a:b"}]
)
async def test_options_out_of_range_are_refused_at_the_producer(
    broker: EmbeddedBroker, prefix: str, options: dict[str, object]
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(InvalidJobOptions):
            await queues.enqueue(Paint(colour="red"), **options)  # type: ignore[arg-type]
        assert sum((await queues.inspect("paint").counts()).by_state.values()) == 0


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"colour":7}', "colour"),
        (b"{}", "colour"),
        (b"no json", "InvalidPayload"),
        (b"", "InvalidPayload"),
        (b"\xff\xfe", "InvalidPayload"),
        (b"[" * 100_000, "InvalidPayload"),
        (b'{"colour":"red","seconds":NaN}', "InvalidPayload"),
    ],
)
async def test_a_payload_that_does_not_fit_at_the_worker_fails_at_once_and_keeps_its_data(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, data: bytes, reason: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        job_id = await add_raw(connection, keys, "paint", data, attempts=5)
        with pytest.raises(JobFailed, match=reason):
            await queues.handle(Paint, job_id).result(timeout=10)
        record = await queues.handle(Paint, job_id).record()
        assert (record.attempts_made, record.state) == (1, JobState.FAILED)
        assert await connection.execute("HGET", keys.job(job_id), "data") == data
        good = await queues.enqueue(Paint(colour="red"))
        assert await good.result(timeout=10) == Painted(colour="red", attempt=1)


async def test_a_job_hash_with_fields_missing_fails_and_the_queue_goes_on(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    for field in ("data", "opts", "timestamp", "priority"):
        job_id = await add_raw(connection, keys, "paint", b'{"colour":"red"}')
        await connection.execute("HDEL", keys.job(job_id), field)
    nameless = await add_raw(connection, keys, "paint", b'{"colour":"red"}')
    await connection.execute("HDEL", keys.job(nameless), "name", "data", "timestamp")
    async with workshop(broker.url, prefix) as queues:
        good = await queues.enqueue(Paint(colour="red"))
        assert await good.result(timeout=10) == Painted(colour="red", attempt=1)
        inspector = queues.inspect("paint")
        await eventually(lambda: _all_but(inspector, JobState.ACTIVE, JobState.WAITING))


async def _all_but(inspector: object, *states: JobState) -> bool:
    counts = await inspector.counts()  # type: ignore[attr-defined]
    return all(counts.by_state[state] == 0 for state in states)


async def test_a_job_that_no_handler_knows_is_put_back_and_waits_for_a_worker_that_does(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with running_worker(broker.url, prefix):
            handle = await queues.enqueue(Vanish())
            await eventually(lambda: _is(handle, JobState.DELAYED))
        record = await handle.record()
        assert record.attempts_made == 0
        newer = Handlers()

        @newer.handles(Vanish)
        async def vanish(job: Vanish, context: JobContext) -> None:
            assert context.attempt == 1

        async with running_worker(broker.url, prefix, handlers=newer):
            assert await handle.result(timeout=10) is None


async def _is(handle: object, state: JobState) -> bool:
    return await handle.state() is state  # type: ignore[attr-defined]


async def test_a_job_that_no_handler_knows_fails_when_its_time_of_grace_is_over(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with workshop(broker.url, prefix, settings=replace(QUICK, unknown_grace=0.05)) as queues:
        handle = await queues.enqueue(Vanish())
        with pytest.raises(JobFailed, match="no worker knew job 'vanish'"):
            await handle.result(timeout=10)
        assert set(handlers.of_queue(paint).names) == {"paint", "paint-once", "mix"}


async def test_redis_gone_at_the_producer_is_an_error_within_its_time(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url, timeout=0.5) as queues:
            await queues.enqueue(Paint(colour="red"))
            broker.stop()
            async with asyncio.timeout(30):
                with pytest.raises(BrokerUnavailable):
                    await queues.enqueue(Paint(colour="red"))
                with pytest.raises(BrokerUnavailable):
                    await queues.enqueue_many([Paint(colour="red")])


async def test_redis_gone_at_the_worker_is_endured_and_consumption_resumes_by_itself(
    tmp_path, server: Path
) -> None:
    broker = EmbeddedBroker(tmp_path, program=server).start()
    try:
        settings = replace(QUICK, lock_duration=10.0)
        async with running_worker(broker.url, "bull", settings=settings) as worker:
            async with QueueService.connect(broker.url) as queues:
                slow = await queues.enqueue(Paint(colour="slow", seconds=0.5))
                await eventually(lambda: _is(slow, JobState.ACTIVE))
                broker.stop()
                await eventually(lambda: not worker.is_ready)
                gone_since = time.monotonic()
                await eventually(lambda: time.monotonic() - gone_since > 0.6)
                broker.start()
                assert (await slow.result(timeout=20)).attempt == 1
                again = await queues.enqueue(Paint(colour="again"))
                assert (await again.result(timeout=20)).colour == "again"
                assert worker.is_ready
                assert (await slow.record()).attempts_started == 1
    finally:
        broker.stop()
