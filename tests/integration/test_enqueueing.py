"""Many jobs at once: concurrent calls, long and slow sources."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.jobs import Paint, PaintOnce, handlers, paint
from support.other_jobs import Frame
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import QueueService, ServiceClosed
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState


def jobs(count: int) -> Iterator[Paint]:
    return (Paint(colour=f"red {number}") for number in range(count))


async def script_calls(connection: Connection) -> int:
    stats = (await connection.execute("INFO", "commandstats")).decode()
    lines = [line for line in stats.splitlines() if line.startswith(("cmdstat_evalsha:", "cmdstat_fcall:"))]
    return sum(int(line.partition("calls=")[2].partition(",")[0]) for line in lines)


async def waiting(queues: QueueService) -> int:
    return (await queues.inspect("paint").counts()).by_state[JobState.WAITING]


async def has_waiting(queues: QueueService, count: int) -> bool:
    return await waiting(queues) >= count


async def test_concurrent_calls_share_round_trips(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
            asyncio.TaskGroup() as group,
        ):
            await queues.enqueue(Paint(colour="red"))
            before = await script_calls(connection)
            tasks = [group.create_task(queues.enqueue(job)) for job in jobs(200)]
            await asyncio.wait(tasks)
            assert len({task.result().job_id for task in tasks}) == 200
            assert await script_calls(connection) - before <= 3


async def test_one_bad_job_among_concurrent_calls_fails_alone(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        good, bad, other = await asyncio.gather(
            queues.enqueue(Paint(colour="red")),
            queues.enqueue(Paint.model_construct(colour="")),
            queues.enqueue(Paint(colour="blue")),
            return_exceptions=True,
        )
        assert [type(each).__name__ for each in (good, bad, other)] == [
            "JobHandle",
            "InvalidPayload",
            "JobHandle",
        ]
        assert await waiting(queues) == 2


async def test_a_cancelled_call_harms_no_other(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with asyncio.TaskGroup() as group:
            cancelled = group.create_task(queues.enqueue(Paint(colour="red")))
            kept = [group.create_task(queues.enqueue(job)) for job in jobs(10)]
            await asyncio.sleep(0)
            cancelled.cancel()
        assert all(task.result().job_id for task in kept)


async def test_handles_come_in_the_order_of_the_jobs(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(jobs(600))
        assert len(handles) == 600
        for at in (0, 249, 250, 599, -1):
            record = await handles[at].record()
            assert record.data.startswith(f'{{"colour":"red {range(600)[at]}"')
        assert [handle.job_id for handle in handles[3:5]] == [handles[3].job_id, handles[4].job_id]
        with pytest.raises(IndexError):
            handles[600]


async def test_contracts_and_queues_may_be_mixed(broker: EmbeddedBroker, prefix: str) -> None:
    mixed: list[Paint | PaintOnce | Frame] = [
        Paint(colour="red"),
        Frame(picture="sunset"),
        PaintOnce(colour="blue"),
        Frame(picture="storm"),
    ]
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(mixed)
        assert [handle.queue for handle in handles] == ["paint", "frames", "paint", "frames"]
        assert [(await handle.record()).name for handle in handles] == [
            "paint",
            "frame",
            "paint-once",
            "frame",
        ]


async def test_a_source_that_pauses_is_not_waited_for(broker: EmbeddedBroker, prefix: str) -> None:
    go_on = asyncio.Event()

    async def source() -> AsyncIterator[Paint]:
        yield Paint(colour="first")
        await go_on.wait()
        yield Paint(colour="second")

    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with asyncio.TaskGroup() as group:
            adding = group.create_task(queues.enqueue_many(source()))
            await eventually(lambda: waiting(queues))
            assert await waiting(queues) == 1
            go_on.set()
        assert len(adding.result()) == 2


@pytest.mark.parametrize("asynchronous", [True, False])
async def test_an_error_of_the_source_comes_through_after_what_it_gave(
    broker: EmbeddedBroker, prefix: str, asynchronous: bool
) -> None:
    def source() -> Iterator[Paint]:
        yield from jobs(300)
        raise LookupError("no more paint")

    async def asynchronous_source() -> AsyncIterator[Paint]:
        for job in source():
            yield job

    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(LookupError, match="no more paint"):
            await queues.enqueue_many(asynchronous_source() if asynchronous else source())
        # The first batch is under way when the source fails.
        await eventually(lambda: has_waiting(queues, 250))


async def test_memory_does_not_grow_with_the_number_of_jobs(broker: EmbeddedBroker, prefix: str) -> None:
    alive = most = 0

    def forget() -> None:
        nonlocal alive
        alive -= 1

    def source() -> Iterator[Paint]:
        nonlocal alive, most
        for job in jobs(3000):
            weakref.finalize(job, forget)
            alive += 1
            most = max(most, alive)
            yield job

    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(source())
        assert len(handles) == 3000
        assert most <= 600


async def test_delay_priority_and_place_in_line_are_kept(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.enqueue(Paint(colour="last"), priority=9)
        await queues.enqueue(Paint(colour="third"), priority=1)
        await queues.enqueue(Paint(colour="second"))
        await queues.enqueue(Paint(colour="first"), lifo=True)
        late = await queues.enqueue(Paint(colour="late"), delay=3600)
        assert await late.state() is JobState.DELAYED
        async with running_worker(broker.url, prefix):
            inspector = queues.inspect("paint")
            await eventually(lambda: _completed(queues, 4))
        ended = await inspector.jobs(JobState.COMPLETED)
        started = sorted(ended, key=lambda job: (job.started_at is None, job.started_at))
        assert {job.id for job in started} == {"1", "2", "3", "4"}
        assert handlers.of_queue(paint)


async def _completed(queues: QueueService, count: int) -> bool:
    return (await queues.inspect("paint").counts()).by_state[JobState.COMPLETED] == count


async def test_a_custom_id_is_added_once(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        first = await queues.enqueue(Paint(colour="red"), job_id="invoice-7")
        again = await queues.enqueue(Paint(colour="blue"), job_id="invoice-7")
        assert first.job_id == again.job_id == "invoice-7"
        assert await waiting(queues) == 1
        assert '"red"' in (await again.record()).data


async def test_a_service_that_is_not_open_says_so() -> None:
    with pytest.raises(ServiceClosed):
        await QueueService.connect("redis://127.0.0.1:1").enqueue(Paint(colour="red"))


async def test_a_service_that_was_left_says_so(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        pass
    with pytest.raises(ServiceClosed):
        await queues.enqueue(Paint(colour="red"))
