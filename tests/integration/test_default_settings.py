"""The default settings: a dead worker's jobs run again within 20 s, an outage of 5 s repeats nothing."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from support.instructions import Act, Instructed
from support.jobs import Paint, Painted, paint
from support.our_worker import our_worker, our_worker_process
from support.own_broker import frozen
from support.waiting import eventually
from support.workshop import is_in
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState
from toril.worker import Handlers, JobContext, WorkerFactory, WorkerSettings

DEFAULTS = WorkerSettings()
SLOW_MACHINE = 10.0


async def test_the_job_of_a_worker_that_was_killed_runs_again(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Instructed(act=Act.HANG_FIRST, value="saved"))
        async with our_worker_process(
            broker.url,
            prefix,
            lock_duration=DEFAULTS.lock_duration,
            stalled_interval=DEFAULTS.stalled_interval,
        ) as doomed:
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
            async with our_worker(broker.url, prefix):
                doomed.kill()
                assert await handle.result(timeout=20 + SLOW_MACHINE) == "saved"
        assert (await handle.record()).stalled_count == 1


async def test_an_outage_of_five_seconds_repeats_nothing(server: Path) -> None:
    starts: list[str] = []
    ends = asyncio.Event()
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Painted:
        starts.append(context.job_id)
        await ends.wait()
        return Painted(colour=job.colour, attempt=context.attempt)

    with EmbeddedBroker(program=server) as broker:
        async with AsyncExitStack() as stack:
            queues = await stack.enter_async_context(QueueService.connect(broker.url))
            factory = WorkerFactory(broker.url, handlers)
            workers = [
                await stack.enter_async_context(factory.create(paint, concurrency=10)) for _ in range(2)
            ]
            group = await stack.enter_async_context(asyncio.TaskGroup())
            for worker in workers:
                stack.callback(worker.stop)
                group.create_task(worker.run())
            handles = list(await queues.enqueue_many(Paint(colour="red") for _ in range(20)))
            await eventually(lambda: len(starts) == 20)
            # By now the locks are as old as they get before they are renewed for the first time.
            await asyncio.sleep(DEFAULTS.lock_duration / 6)
            with frozen(broker):
                await asyncio.sleep(5.0)
            # A lock that had run out would be found by then.
            await asyncio.sleep(2 * DEFAULTS.stalled_interval)
            ends.set()
            for handle in handles:
                await handle.result(timeout=20)
                assert (await handle.record()).stalled_count == 0
            await (await queues.enqueue(Paint(colour="blue"))).result(timeout=20)
    assert len(starts) == 21
