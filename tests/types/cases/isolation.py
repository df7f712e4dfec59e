"""Handlers that run elsewhere are plain functions; those on the event loop are coroutine functions."""

from typing import assert_type

from pydantic import BaseModel, JsonValue

from toril.jobs import Job, Queue
from toril.types import JobRecord
from toril.worker import (
    BlockingJobContext,
    Handlers,
    HealthServer,
    JobContext,
    Worker,
    WorkerHealth,
    WorkerSettings,
)

sawmill = Queue("types-isolation-sawmill")


class Sawn(BaseModel):
    planks: int


class Saw(Job[Sawn], queue=sawmill, name="saw"):
    trunk: str


class Sharpen(Job[None], queue=sawmill, name="sharpen"):
    """Has no result."""


handlers = Handlers()


@handlers.handles(Saw, runs_in="process")
def saw(job: Saw, context: BlockingJobContext) -> Sawn:
    context.progress(0.5, job.trunk)
    context.log(f"attempt {context.attempt}")
    assert_type(context.is_cancelled, bool)
    context.raise_if_cancelled()
    return Sawn(planks=4)


@handlers.handles(Sharpen, runs_in="thread")
def sharpen(job: Sharpen, context: BlockingJobContext) -> None:
    for child in context.children().of(Saw):
        assert_type(child.result, Sawn)
    context.wait_for_children()
    context.save(job)


assert_type(saw(Saw(trunk="oak"), BlockingJobContext.__new__(BlockingJobContext)), Sawn)


@handlers.handles(Saw, runs_in="process")  # error: reportArgumentType arg-type
async def saw_as_coroutine(job: Saw, context: BlockingJobContext) -> Sawn:
    return Sawn(planks=4)


@handlers.handles(Saw)  # error: reportArgumentType arg-type
def saw_on_the_loop(job: Saw, context: JobContext) -> Sawn:
    return Sawn(planks=4)


@handlers.handles(Saw, runs_in="thread")  # error: JobContext
def saw_with_the_wrong_context(job: Saw, context: JobContext) -> Sawn:
    return Sawn(planks=4)


@handlers.handles(Saw)  # error: BlockingJobContext
async def saw_with_the_other_wrong_context(job: Saw, context: BlockingJobContext) -> Sawn:
    return Sawn(planks=4)


@handlers.handles(Saw, runs_in="thread")  # error: Sawn
def saw_with_the_wrong_result(job: Saw, context: BlockingJobContext) -> int:
    return 4


@handlers.handles(Saw, runs_in="subprocess")  # error: reportArgumentType reportCallIssue call-overload
def saw_nowhere(job: Saw, context: BlockingJobContext) -> Sawn:
    return Sawn(planks=4)


@handlers.otherwise(sawmill, runs_in="thread")
def anything(job: JobRecord, context: BlockingJobContext) -> JsonValue:
    return job.name


@handlers.otherwise(sawmill, runs_in="process")  # error: reportArgumentType arg-type
async def anything_as_coroutine(job: JobRecord, context: BlockingJobContext) -> JsonValue:
    return job.name


WorkerSettings(child_processes=2, child_memory_limit=500_000_000, child_job_limit=100, child_kill_after=1.0)
WorkerSettings(child_processes="2")  # error: reportArgumentType arg-type


def tell(worker: Worker) -> None:
    with HealthServer.of_workers([worker], port=9090) as server:
        assert_type(server.port, int)
    assert_type(worker.health, WorkerHealth)
    assert_type(worker.health.faults, tuple[str, ...])
    HealthServer.of_workers(worker)  # error: reportArgumentType arg-type
