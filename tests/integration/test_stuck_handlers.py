"""Handlers that do not end when they are told to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from structlog.testing import capture_logs

from support.jobs import Painted, PaintOnce
from support.waiting import eventually
from support.workshop import QUICK, is_in, running_worker
from toril.backend import JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState
from toril.worker import Handlers, JobContext, Worker

# With one place, a stuck worker cannot take its own job again.
SHORT_LOCKS = replace(QUICK, concurrency=1, lock_duration=0.6, stalled_interval=0.2)


class Mule:
    """A handler that swallows every cancellation until it is let go, and then has a result."""

    def __init__(self) -> None:
        self.let_go = asyncio.Event()
        self.starts = 0
        self.ended = asyncio.Event()
        self.handlers = Handlers()

        @self.handlers.handles(PaintOnce)
        async def stand_still(job: PaintOnce, context: JobContext) -> Painted:
            self.starts += 1
            while not self.let_go.is_set():
                try:
                    await self.let_go.wait()
                except asyncio.CancelledError:
                    continue
            self.ended.set()
            return Painted(colour="late", attempt=context.attempt)


@asynccontextmanager
async def stuck_worker(broker: EmbeddedBroker, prefix: str, mule: Mule) -> AsyncIterator[Worker]:
    async with running_worker(broker.url, prefix, handlers=mule.handlers, settings=SHORT_LOCKS) as worker:
        try:
            yield worker
        finally:
            mule.let_go.set()


async def test_its_job_goes_to_another_worker_and_its_late_result_is_refused(
    broker: EmbeddedBroker, prefix: str
) -> None:
    mule = Mule()
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="red"))
        with capture_logs() as logs:
            async with stuck_worker(broker, prefix, mule):
                await eventually(lambda: mule.starts)
                async with running_worker(broker.url, prefix, settings=SHORT_LOCKS):
                    await eventually(lambda: _was_tried_twice(handle))
                    await eventually(lambda: is_in(handle, JobState.COMPLETED))
                mule.let_go.set()
                await mule.ended.wait()
        record = await handle.record()
        assert record.result == '{"colour":"red","attempt":1}'
        assert (record.stalled_count, record.attempts_made) == (1, 1)
    [refused] = [entry for entry in logs if "outcome refused" in entry["event"]]
    assert (refused["job_id"], refused["outcome"]) == (handle.job_id, "Completed")


async def _was_tried_twice(handle: JobHandle[object]) -> bool:
    return (await handle.record()).attempts_started == 2
