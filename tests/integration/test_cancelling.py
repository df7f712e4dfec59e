"""Cancelling jobs that have not been started."""

import asyncio

import pytest

from support.clients import is_blocked
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import running_worker, workshop
from toril.backend import JobHandle, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import JobNotCancellable, JobNotFound


@pytest.mark.parametrize("options", [{}, {"delay": 60.0}, {"priority": 3}])
async def test_a_job_that_waits_is_removed(
    broker: EmbeddedBroker, prefix: str, options: dict[str, float]
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        kept = await queues.enqueue(Paint(colour="kept"))
        handle = await queues.enqueue(Paint(colour="red"), **options)  # type: ignore[arg-type]
        await handle.cancel()
        with pytest.raises(JobNotFound):
            await handle.state()
        with pytest.raises(JobNotFound):
            await handle.cancel()
        async with running_worker(broker.url, prefix):
            await kept.result(timeout=10)
        assert sum((await queues.inspect("paint").counts()).by_state.values()) == 1


async def test_a_job_that_has_ended_is_not_touched(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await handle.result(timeout=10)
        with pytest.raises(JobNotCancellable, match="completed"):
            await handle.cancel()


async def test_those_who_wait_for_a_cancelled_job_are_told(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(asyncio.wait_for(_not_found(handle), 10))
            await eventually(lambda: is_blocked(connection, "toril-events", "xread"))
            await handle.cancel()
        assert waiting.result()


async def _not_found(handle: JobHandle[object]) -> bool:
    with pytest.raises(JobNotFound):
        await handle.result()
    return True
