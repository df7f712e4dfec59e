"""The jobs of the load: some that return, and some that fail."""

import asyncio

from pydantic import BaseModel

from toril.jobs import Job, Queue
from toril.worker import Handlers, JobContext, Unrecoverable

load = Queue("load")
handlers = Handlers()


class Echoed(BaseModel):
    number: int


class Echo(Job[Echoed], queue=load, name="echo"):
    """Gives a number back, after a moment."""

    number: int
    seconds: float = 0.01
    fails: bool = False


@handlers.handles(Echo)
async def echo(job: Echo, context: JobContext) -> Echoed:
    await context.progress(0.5)
    await asyncio.sleep(job.seconds)
    if job.fails:
        raise Unrecoverable("as asked for")
    return Echoed(number=job.number)
