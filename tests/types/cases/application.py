"""A producer and handlers as an application writes them, against the real packages."""

from collections.abc import AsyncIterator
from typing import assert_type

from pydantic import BaseModel, JsonValue

from toril.backend import JobHandle, JobHandles, QueueService
from toril.jobs import Job, Queue, Retry, custom
from toril.types import JobRecord, JobState, JobUpdate
from toril.worker import Handlers, JobContext, JobInHand, RateLimited, Worker, WorkerFactory, WorkerSettings

tiles = Queue("types-application-tiles")


class Fired(BaseModel):
    degrees: int


class Fire(Job[Fired], queue=tiles, name="fire", retry=Retry(attempts=3, backoff=custom("patient"))):
    degrees: int


class Glaze(Job[str | None], queue=tiles, name="glaze"):
    colour: str


handlers = Handlers()


@handlers.handles(Fire)
async def fire(job: Fire, context: JobContext) -> Fired:
    await context.progress(0.5, f"attempt {context.attempt}")
    return Fired(degrees=job.degrees)


@handlers.handles(Glaze)
async def glaze(job: Glaze, context: JobContext) -> str | None:
    return job.colour or None


@handlers.handles(Fire)  # error: Fired
async def fire_with_wrong_result(job: Fire, context: JobContext) -> int:
    return job.degrees


@handlers.handles(Glaze)  # error: Glaze
async def glaze_with_wrong_job(job: Fire, context: JobContext) -> str | None:
    return None


@handlers.otherwise(tiles)
async def anything(job: JobRecord, context: JobContext) -> JsonValue:
    assert_type(job.data, str)
    return {"name": job.name, "attempts": [context.attempt, context.attempts]}


@handlers.otherwise(tiles)  # error: set[str]
async def anything_with_wrong_result(job: JobRecord, context: JobContext) -> set[str]:
    return {job.name}


@handlers.otherwise(tiles)  # error: JobRecord
async def anything_with_wrong_job(job: Fire, context: JobContext) -> JsonValue:
    return None


@handlers.otherwise("tiles")  # error: Queue call-overload
async def anything_of_no_queue(job: JobRecord, context: JobContext) -> JsonValue:
    return None


@handlers.backoff("patient")
def patient(attempts_made: int, error: BaseException) -> float | None:
    return 60.0 * attempts_made if isinstance(error, OSError) else None


@handlers.backoff("hasty")  # error: type-var reportArgumentType
def hasty(attempts_made: int) -> float:
    return 0.0


async def moves(job: Fire, context: JobContext) -> Fired:
    if job.degrees < 0:
        context.move_to_delayed(60.0)
    if job.degrees > 2000:
        raise RateLimited(retry_after=30.0)
    if job.degrees == 0:
        context.move_to_waiting()
    return Fired(degrees=job.degrees)


handlers.handles(Fire)(moves)


async def produce() -> None:
    async with QueueService.connect("redis://localhost") as queues:
        handle = await queues.enqueue(Fire(degrees=900), delay=5.0, priority=2)
        assert_type(handle, JobHandle[Fired])
        assert_type(await handle.result(timeout=30.0), Fired)
        assert_type(await handle.state(), JobState)
        assert_type(await handle.record(), JobRecord)
        async for update in handle.updates():
            assert_type(update, JobUpdate)
        glazed = await queues.enqueue(Glaze(colour="blue"))
        assert_type(await glazed.result(), str | None)

        many = await queues.enqueue_many([Fire(degrees=1), Fire(degrees=2)])
        assert_type(many, JobHandles[Fired])
        assert_type(await many[0].result(), Fired)
        assert_type(queues.handle(Glaze, "7"), JobHandle[str | None])

        await glazed.update_data(Glaze(colour="red"))
        await glazed.remove(with_children=False)
        await glazed.update_data(Fire(degrees=1))  # error: str | None
        await glazed.update_data("red")  # error: Job

        wrong: str = await handle.result()  # error: Fired
        await queues.enqueue(Fire(degrees=1), delay="soon")  # error: delay
        await queues.enqueue("fire")  # error: Job
        assert wrong


async def stream() -> AsyncIterator[Fire]:
    yield Fire(degrees=1)


async def produce_from_a_stream(queues: QueueService) -> None:
    assert_type(await queues.enqueue_many(stream()), JobHandles[Fired])


async def consume() -> None:
    factory = WorkerFactory("redis://localhost", handlers)
    async with factory.create(tiles, concurrency=100, settings=WorkerSettings(grace=5.0)) as worker:
        assert_type(worker, Worker)
        await worker.run()
    factory.create("tiles")  # error: Queue

    async with factory.take(tiles, timeout=1.0) as taken:
        assert_type(taken, JobInHand | None)
        if taken is not None:
            assert_type(taken.payload(Fire), Fire)
            await taken.complete_as(Fire, Fired(degrees=900))
            await taken.complete_as(Glaze, 7)  # error: complete_
            await taken.complete({"any": ["JSON", None]})
            await taken.complete(object())  # error: object
