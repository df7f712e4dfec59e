"""What a plain job costs Redis, in calls from the scripts: bench/ measures speed, this sees growth."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed
from toril.bull.queue import JobQueue, NewJob
from toril.jobs import Job, Queue
from toril.types.job_options import JobOptions
from toril.worker import Handlers, JobContext, WorkerFactory

BATCH = 50
OWN = ("evalsha", "fcall", "function|load", "info", "script|load")

easel = Queue("easel")


class Paint(Job[None], queue=easel, name="paint-cost"):
    """Paint."""


async def calls(connection: Connection) -> dict[str, int]:
    """How often each command has run, but for those by which this test itself asks."""
    stats = (await connection.execute("INFO", "commandstats")).decode()
    counted = {
        line.partition(":")[0].removeprefix("cmdstat_"): int(line.partition("calls=")[2].partition(",")[0])
        for line in stats.splitlines()
        if line.startswith("cmdstat_")
    }
    return {name: count for name, count in counted.items() if name not in OWN}


async def spent(connection: Connection, before: dict[str, int]) -> dict[str, int]:
    after = await calls(connection)
    return {name: count - before.get(name, 0) for name, count in after.items() if count > before.get(name, 0)}


def of_batch(spending: dict[str, int]) -> tuple[float, int]:
    """Calls for each job, and calls for the batch as a whole."""
    each = sum(count // BATCH for count in spending.values())
    return each, sum(count % BATCH for count in spending.values())


@pytest.fixture
async def queue_and_intake(server: Path) -> AsyncIterator[tuple[Connection, JobQueue, Intake]]:
    keys = QueueKeys("paint")
    with EmbeddedBroker(program=server) as quiet:
        async with await Connection.open(quiet.url) as connection:
            yield (
                connection,
                JobQueue(connection, keys),
                Intake(connection, keys, worker_id="w", lock_duration=30.0),
            )


async def test_adding_a_plain_job(queue_and_intake: tuple[Connection, JobQueue, Intake]) -> None:
    connection, queue, _ = queue_and_intake
    new = [NewJob("paint", b"{}", JobOptions())] * BATCH
    await queue.add(new)
    before = await calls(connection)
    await queue.add(new)
    assert of_batch(await spent(connection, before)) == (3, 5)


async def test_settling_and_taking_a_plain_job(
    queue_and_intake: tuple[Connection, JobQueue, Intake],
) -> None:
    connection, queue, intake = queue_and_intake
    await queue.add([NewJob("paint", b"{}", JobOptions())] * BATCH * 3)
    first = await intake.settle_and_take([], BATCH)
    second = await intake.settle_and_take([Completed(job.id, job.token, b"1") for job in first.jobs], BATCH)
    before = await calls(connection)
    await intake.settle_and_take([Completed(job.id, job.token, b"1") for job in second.jobs], BATCH)
    assert of_batch(await spent(connection, before)) == (7, 14)


async def test_settling_and_taking_one_job(queue_and_intake: tuple[Connection, JobQueue, Intake]) -> None:
    connection, queue, intake = queue_and_intake
    await queue.add([NewJob("paint", b"{}", JobOptions())] * 3)
    [job] = (await intake.settle_and_take([], 1)).jobs
    [job] = (await intake.settle_and_take([Completed(job.id, job.token, b"1")], 1)).jobs
    before = await calls(connection)
    await intake.settle_and_take([Completed(job.id, job.token, b"1")], 1)
    assert sum((await spent(connection, before)).values()) == 19


async def test_what_python_holds_of_a_running_job(broker: EmbeddedBroker, prefix: str) -> None:
    running, done = 0, asyncio.Event()
    handlers = Handlers()

    @handlers.handles(Paint)
    async def wait(_: Paint, __: JobContext) -> None:
        nonlocal running
        running += 1
        await done.wait()

    async def blocks_of(jobs: int) -> int:
        await queues.enqueue_many(Paint() for _ in range(jobs - running))
        await eventually(lambda: running == jobs)
        gc.collect()
        return sys.getallocatedblocks()

    factory = WorkerFactory(broker.url, handlers, prefix=prefix)
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        factory.create(easel, concurrency=6 * BATCH) as worker,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(worker.run())
        held = [await blocks_of(batches * BATCH) for batches in range(1, 7)]
        # What else this process does may only add to it.
        each = min(after - before for before, after in pairwise(held)) / BATCH
        done.set()
        worker.stop()
    # 22 on Python 3.11: the task and its coroutines, what was taken, the handler's own.
    assert each < 25
