"""This project. The worker is the command: `toril worker chaos.systems.toril:handlers`."""

import asyncio
import time
from collections.abc import Callable, Sequence

from chaos.systems.chores import do_chore, part, produce
from chaos.terms import Chore
from toril.backend import QueueService
from toril.jobs import Job, Queue
from toril.worker import Handlers, JobContext

queue = Queue("chaos")
handlers = Handlers()


class DoChore(Job[int], queue=queue, name="do-chore"):
    """Answered with its number."""

    number: int
    seconds: float
    how: str


@handlers.handles(DoChore)
async def do(job: DoChore, _: JobContext) -> int:
    return await do_chore(job.number, job.seconds, job.how)


async def produce_as(job_of: Callable[[Chore], Job[object]]) -> None:
    """The producer; `job_of` makes a chore's job."""
    async with QueueService.connect(part().url) as queues:

        async def add(chores: Sequence[Chore]) -> None:
            async with asyncio.TaskGroup() as group:
                for chore in chores:
                    group.create_task(
                        queues.enqueue(job_of(chore), delay=chore.delay, job_id=f"chore-{chore.number}")
                    )

        await produce(add)


def turn_clock(ahead: float) -> None:
    """Has this process see a wrong time of day; its monotonic clock goes on as it did, as in reality."""
    right, right_ns = time.time, time.time_ns
    time.time = lambda: right() + ahead
    time.time_ns = lambda: right_ns() + round(ahead * 1e9)


if part().clock_ahead:
    turn_clock(part().clock_ahead)
if __name__ == "__main__":
    asyncio.run(produce_as(lambda chore: DoChore(number=chore.number, seconds=chore.seconds, how=chore.how)))
