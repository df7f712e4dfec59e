"""Steering jobs by their handles, and their queue, while workers run."""

import pytest

from support.jobs import Mix, Paint, PaintOnce
from support.waiting import eventually
from support.workshop import is_in, running_worker, workshop
from toril.backend import JobFailed, JobHandle, JobLocked, JobNotFound, QueueService, RateLimit, WrongState
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import InvalidPayload
from toril.types import JobState
from toril.worker import WorkerSettings


async def test_a_job_that_failed_runs_again(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="transparent"))
        with pytest.raises(JobFailed):
            await handle.result(timeout=10)
        await handle.update_data(PaintOnce(colour="red"))
        await handle.retry(reset_attempts_made=True)
        assert (await handle.result(timeout=10)).colour == "red"
        assert (await handle.record()).failed_reason is None


async def test_data_of_another_contract_is_refused(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle: JobHandle[object] = await queues.enqueue(Paint(colour="red"), delay=60.0)
        before = await handle.record()
        with pytest.raises(InvalidPayload):
            await handle.update_data(Mix(answer="red"))
        assert await handle.record() == before


async def test_a_delayed_job_runs_when_it_is_told_to(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        promoted, hastened = [await queues.enqueue(Paint(colour="red"), delay=3600.0) for _ in range(2)]
        await promoted.promote()
        await hastened.change_delay(0.01)
        assert (await promoted.result(timeout=10)).colour == "red"
        assert (await hastened.result(timeout=10)).colour == "red"
        with pytest.raises(WrongState, match="it is completed"):
            await promoted.promote()


async def test_a_priority_is_changed_while_the_job_waits(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.change_priority(5)
        assert await handle.state() is JobState.PRIORITIZED
        await handle.change_priority(0, lifo=True)
        assert await handle.state() is JobState.WAITING


async def test_a_job_is_removed_in_any_state_but_while_it_runs(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=0.3))
        await eventually(lambda: is_in(handle, JobState.ACTIVE))
        with pytest.raises(JobLocked, match="a worker holds it"):
            await handle.remove()
        await handle.result(timeout=10)
        await handle.remove()
        with pytest.raises(JobNotFound):
            await handle.remove()


async def test_a_paused_queue_waits_and_goes_on(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        await queues.admin("paint").pause()
        handle = await queues.enqueue(Paint(colour="red"))
        # What is due is promoted even so: once it is, the worker has looked and taken nothing.
        witness = await queues.enqueue(Paint(colour="blue"), delay=0.001)
        await eventually(lambda: is_in(witness, JobState.WAITING))
        assert await handle.state() is JobState.WAITING
        await queues.admin("paint").resume()
        assert (await handle.result(timeout=10)).colour == "red"


async def test_limits_hold_over_the_workers_of_a_queue(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        admin = queues.admin("paint")
        await admin.set_rate_limit(RateLimit(jobs=2, duration=600.0))
        handles = list(await queues.enqueue_many(Paint(colour="red") for _ in range(5)))
        async with running_worker(broker.url, prefix, settings=WorkerSettings(concurrency=5)):
            for handle in handles[:2]:
                await handle.result(timeout=10)
            assert [await handle.state() for handle in handles[2:]] == [JobState.WAITING] * 3
