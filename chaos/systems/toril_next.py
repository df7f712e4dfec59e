"""The next release of the same application: it has a job more, which the one before does not know."""

import asyncio

from chaos.systems.chores import do_chore
from chaos.systems.toril import handlers, produce_as, queue
from chaos.terms import Chore
from toril.jobs import Job
from toril.worker import JobContext


class DoChoreThoroughly(Job[str], queue=queue, name="do-chore-thoroughly"):
    """Answered with a text."""

    number: int
    seconds: float
    how: str
    unit: str = "chores"


@handlers.handles(DoChoreThoroughly)
async def do_thoroughly(job: DoChoreThoroughly, _: JobContext) -> str:
    return f"{await do_chore(job.number, job.seconds, job.how)} {job.unit}"


def job_of(chore: Chore) -> DoChoreThoroughly:
    return DoChoreThoroughly(number=chore.number, seconds=chore.seconds, how=chore.how)


if __name__ == "__main__":
    asyncio.run(produce_as(job_of))
