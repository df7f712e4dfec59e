"""One worker pauses, and the queue goes on."""

import asyncio

import pytest

from support.clients import has_sent
from support.jobs import Paint, handlers, paint
from support.waiting import eventually
from support.worker_process import worker_process
from support.workshop import QUICK, is_in, running_worker
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.workers import worker_client_name
from toril.types import JobState
from toril.worker import Worker, WorkerFactory


def runs(worker: Worker) -> bool:
    """Whether a job has begun: one that Redis calls active may still be on its way, and be handed back."""
    return worker.health.running == 1


async def test_a_paused_worker_finishes_what_runs_and_takes_nothing(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        running = await queues.enqueue(Paint(colour="red", seconds=1.0))
        await eventually(lambda: runs(worker))
        await worker.pause()
        assert await running.state() is JobState.COMPLETED
        assert (worker.is_paused, worker.is_ready) == (True, False)
        held = await queues.enqueue_many(Paint(colour="blue") for _ in range(20))
        # Whoever else works on the queue is woken and gets them all.
        async with running_worker(broker.url, prefix):
            for handle in held:
                await handle.result(timeout=20)
        assert (await held[0].record()).attempts_started == 1


async def test_a_resumed_worker_goes_on(broker: EmbeddedBroker, prefix: str) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        await worker.pause()
        held = await queues.enqueue(Paint(colour="blue"))
        worker.resume()
        assert (worker.is_paused, worker.is_ready) == (False, True)
        assert (await held.result(timeout=20)).colour == "blue"
        worker.resume()
        assert (await (await queues.enqueue(Paint(colour="red"))).result(timeout=20)).colour == "red"


async def test_a_pause_may_not_wait_for_what_runs(broker: EmbeddedBroker, prefix: str) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        running = await queues.enqueue(Paint(colour="red", seconds=2.0))
        await eventually(lambda: runs(worker))
        await worker.pause(now=True)
        assert worker.is_paused
        assert await running.state() is JobState.ACTIVE
        assert (await running.result(timeout=20)).colour == "red"


async def test_a_pause_that_waits_ends_when_the_worker_is_resumed(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        running = await queues.enqueue(Paint(colour="red", seconds=2.0))
        await eventually(lambda: runs(worker))
        async with asyncio.TaskGroup() as group:
            pausing = group.create_task(worker.pause())
            await eventually(lambda: worker.is_paused)
            worker.resume()
            await pausing
        assert await running.state() is JobState.ACTIVE


async def test_a_worker_paused_before_it_runs_takes_nothing_until_it_is_resumed(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        held = await queues.enqueue(Paint(colour="red"))
        async with WorkerFactory(broker.url, handlers, prefix=prefix).create(paint, settings=QUICK) as worker:
            await worker.pause()
            async with asyncio.TaskGroup() as group:
                group.create_task(worker.run())
                with pytest.raises(TimeoutError):
                    await held.result(timeout=0.5)
                worker.resume()
                await held.result(timeout=20)
                worker.stop()


async def test_a_paused_worker_passes_its_wake_up_on(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        await eventually(lambda: has_sent(connection, worker_client_name(keys, None), "bzpopmin"))
        await worker.pause()
        handle = await queues.enqueue(Paint(colour="red"), delay=60.0)
        await eventually(lambda: connection.execute("ZSCORE", keys.marker, "0"))
        assert await handle.state() is JobState.DELAYED


async def test_a_paused_worker_looks_after_stalled_jobs_all_the_same(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix) as worker,
    ):
        await worker.pause()
        handle = await queues.enqueue(Paint(colour="red", seconds=60))
        async with worker_process(broker.url, prefix) as other:
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
            other.kill()
            await other.wait()
        await eventually(lambda: is_in(handle, JobState.WAITING))


async def test_a_paused_worker_can_be_stopped(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_worker(broker.url, prefix) as worker:
        await worker.pause()
