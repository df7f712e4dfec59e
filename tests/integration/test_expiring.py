"""Jobs that nobody wants any more after a while."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from support.flow_jobs import Bind, CountWords, bindery
from support.jobs import Paint, Painted, PaintOnce, handlers, paint
from support.waiting import eventually
from support.workshop import running_worker, workshop
from toril.backend import InvalidJobOptions, JobFailed, JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Child, Flow
from toril.types import EXPIRED, JobState
from toril.worker import Handlers, JobContext, WorkerFactory

REASON = "expired: not started within 30 s of being added"


def a_minute_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


async def expired(handle: JobHandle[object]) -> JobFailed:
    with pytest.raises(JobFailed) as failed:
        await handle.result(timeout=20)
    assert failed.value.reason.startswith(EXPIRED)
    return failed.value


async def test_a_job_that_is_taken_too_late_is_not_started(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"), enqueued_at=a_minute_ago(), expires_in=30.0)
        assert (await expired(handle)).reason == REASON
        record = await handle.record()
        assert (record.expires_in, record.attempts_made, record.attempts) == (30.0, 1, 3)
        assert await handle.logs() == []


async def test_a_job_that_is_taken_in_time_runs(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"), enqueued_at=a_minute_ago(), expires_in=3600.0)
        assert (await handle.result(timeout=20)).colour == "red"


async def test_a_job_is_not_tried_again_too_late(broker: EmbeddedBroker, prefix: str) -> None:
    attempts: list[int] = []
    slow = Handlers()

    async with QueueService.connect(broker.url, prefix=prefix) as queues:

        @slow.handles(Paint)
        async def fail_too_late(job: Paint, context: JobContext) -> Painted:
            attempts.append(context.attempt)
            await eventually(lambda: _is_past(handle, 5.0))
            raise ValueError("no colour left")

        handle = await queues.enqueue(Paint(colour="red"), expires_in=5.0)
        async with running_worker(broker.url, prefix, handlers=slow):
            await expired(handle)
        assert attempts == [1]


async def _is_past(handle: JobHandle[object], seconds: float) -> bool:
    enqueued_at = (await handle.record()).enqueued_at
    assert enqueued_at is not None
    return time.time() > enqueued_at.timestamp() + seconds + 0.01


async def test_many_jobs_and_raw_ones_expire_too(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        many = await queues.enqueue_many([Paint(colour="red"), PaintOnce(colour="red")], expires_in=0.001)
        raw = await queues.enqueue_raw("paint", "paint", {"colour": "red"}, expires_in=0.001)
        await eventually(lambda: _is_past(raw, 0.001))
        async with running_worker(broker.url, prefix):
            for handle in (*many, raw):
                await expired(handle)


async def test_a_child_that_expires_fails_as_any_other(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        late = Child(CountWords(text="one two"), expires_in=0.001)
        handle = await queues.enqueue_flow(Flow(Bind(title="late"), children=[late]))
        kept = await queues.enqueue_flow(
            Flow(Bind(title="in time"), expires_in=3600.0, children=[CountWords(text="one two")])
        )
        await eventually(lambda: _is_past(handle.children[0], 0.001))
    async with bindery(broker.url, prefix) as queues:
        with pytest.raises(JobFailed, match=r"child .* failed"):
            await queues.handle(Bind, handle.job_id).result(timeout=20)
        await expired(queues.handle(CountWords, handle.children[0].job_id))
        assert await queues.handle(Bind, kept.job_id).result(timeout=20) == 2
        assert (await queues.handle(Bind, kept.job_id).record()).expires_in == 3600.0


async def test_a_job_that_has_expired_is_not_taken_by_hand(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        late = await queues.enqueue(Paint(colour="red"), enqueued_at=a_minute_ago(), expires_in=30.0)
        wanted = await queues.enqueue(Paint(colour="red"))
        async with WorkerFactory(broker.url, handlers, prefix=prefix).take(paint, timeout=10) as job:
            assert job is not None
            assert job.record.id == wanted.job_id
        assert await late.state() is JobState.FAILED


@pytest.mark.parametrize(
    "options",
    [
        {"expires_in": 0.0},
        {"expires_in": -1.0},
        {"expires_in": float("nan")},
        {"expires_in": 5.0, "delay": 5.0},
    ],
    ids=str,
)
async def test_a_job_that_could_never_start_is_refused(
    broker: EmbeddedBroker, prefix: str, options: dict[str, float]
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(InvalidJobOptions, match="expires_in"):
            await queues.enqueue(Paint(colour="red"), **options)  # type: ignore[arg-type]
