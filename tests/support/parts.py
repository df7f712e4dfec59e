"""Flows that follow instructions: parts on one queue, wholes made of them on another."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from pydantic import JsonValue

from support.instructions import Act, InstructedFailure, Instructions
from toril.jobs import Queue
from toril.worker import Handlers, JobContext, WorkerFactory

parts = Queue("parts")
wholes = Queue("wholes")


class Part(Instructions, queue=parts, name="act"):
    """Returns its value, or fails."""


class Whole(Instructions, queue=wholes, name="act"):
    """Gathers what its parts returned."""

    act: Act = Act.GATHER


handlers = Handlers()


@handlers.handles(Part)
async def make_part(job: Part, context: JobContext) -> JsonValue:
    await asyncio.sleep(job.seconds)
    if job.act is Act.THROW:
        raise InstructedFailure(job.message)
    return job.value


@handlers.handles(Whole)
async def gather(job: Whole, context: JobContext) -> JsonValue:
    if job.act is Act.PARK:
        await context.wait_for_children()
    children = await context.children()
    return {f"{child.queue}:{child.job_id}": child.result for child in children.results}


@asynccontextmanager
async def our_worker_of(url: str, prefix: str, queue: Queue) -> AsyncGenerator[None]:
    """Runs a worker of ours on one of the two queues."""
    async with WorkerFactory(url, handlers, prefix=prefix).create(queue, concurrency=5) as worker:
        async with asyncio.TaskGroup() as group:
            group.create_task(worker.run())
            try:
                yield
            finally:
                worker.stop()
