"""Jobs that say themselves what is to be done with them. In Node: tests/interop/node/processor.mjs."""

import asyncio
from enum import StrEnum
from typing import NamedTuple

from pydantic import JsonValue

from toril.jobs import Job, Keep, Queue, Retry, exponential, fixed
from toril.worker import Handlers, JobContext, RateLimited, Unrecoverable

work = Queue("work")


class Act(StrEnum):
    """How a job ends, once its log rows, its progress and its pause are done."""

    RETURN = "return"
    THROW = "throw"
    THROW_FIRST = "throw-first"  # so many attempts fail, the next one succeeds
    THROW_UNRECOVERABLE = "throw-unrecoverable"
    DELAY_FIRST = "delay-first"  # the first start puts the job off for `hold` seconds
    WAIT_FIRST = "wait-first"  # the first start puts the job back in line
    LIMIT_FIRST = "limit-first"  # the first start holds the queue for `hold` seconds
    GATHER = "gather"  # returns what its children returned
    PARK = "park"  # the same, once no child is left that it could wait for
    HANG_FIRST = "hang-first"  # the first start never ends: the worker that made it is going to be killed


class Instructions(Job[JsonValue]):
    """What a worker is to do. Node leaves out what is the default."""

    act: Act = Act.RETURN
    value: JsonValue = None
    message: str = "it failed"
    times: int = 1
    seconds: float = 0.0
    hold: float = 0.2
    log: tuple[str, ...] = ()
    progress: tuple[float, ...] = ()
    number: int | None = None


class Instructed(Instructions, queue=work, name="act"):
    """One attempt, kept for ever."""


class Stubborn(Instructions, queue=work, name="act-stubbornly", retry=Retry(attempts=4, backoff=fixed(0.02))):
    """Several attempts."""


class Patient(
    Instructions,
    queue=work,
    name="act-patiently",
    retry=Retry(attempts=7, backoff=exponential(1.5, jitter=0.25)),
    keep_completed=Keep(count=10, age=60.0, limit=100),
    keep_failed=Keep(count=0),
    size_limit=100_000,
    log_limit=50,
    stack_trace_limit=3,
):
    """Every option that a contract may set."""


class InstructedFailure(Exception):
    """A job was told to fail."""


class Start(NamedTuple):
    """A job that a worker of ours began; one that is tried twice began twice."""

    job_id: str
    attempt: int
    number: int | None


def end_first_run(job: Instructions, context: JobContext) -> None:
    """Ends the run of a job that is told so, without an outcome."""
    match job.act:
        case Act.DELAY_FIRST:
            context.move_to_delayed(job.hold)
        case Act.WAIT_FIRST:
            context.move_to_waiting()
        case Act.LIMIT_FIRST:
            raise RateLimited(job.hold)
        case _:
            pass


def instructed_handlers(starts: list[Start], *, hangs: bool = False) -> Handlers:
    """Handlers that follow instructions and note each start.

    Args:
        hangs: whether this worker is the one that HANG_FIRST means.
    """
    handlers = Handlers()

    async def follow(job: Instructions, context: JobContext) -> JsonValue:
        starts.append(Start(context.job_id, context.attempt, job.number))
        for row in job.log:
            await context.log(row)
        for fraction in job.progress:
            await context.progress(fraction)
        if job.seconds > 0:
            await asyncio.sleep(job.seconds)
        if [start.job_id for start in starts].count(context.job_id) == 1:
            end_first_run(job, context)
        if job.act is Act.HANG_FIRST and hangs:
            await asyncio.Event().wait()
        if job.act is Act.THROW_UNRECOVERABLE:
            raise Unrecoverable(job.message)
        if job.act is Act.THROW or (job.act is Act.THROW_FIRST and context.attempt <= job.times):
            raise InstructedFailure(job.message)
        return job.value

    handlers.handles(Instructed)(follow)
    handlers.handles(Stubborn)(follow)
    handlers.handles(Patient)(follow)
    return handlers
