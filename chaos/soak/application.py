"""What runs for so long: jobs that succeed, fail once, tell their progress, or are waited for.

The worker is `toril worker chaos.soak.application:handlers`; the producer is this program.
"""

import asyncio
import os
import sys
import time
from itertools import count
from pathlib import Path

from chaos.systems.chores import part
from toril.backend import QueueService
from toril.jobs import Job, Keep, Queue, Retry, fixed
from toril.types import JobState
from toril.worker import Handlers, JobContext

KEPT = Keep(count=1_000)
ADDED_AT_ONCE = 100
LOOK_EVERY = 0.05
MOST_WAITING = 2_000  # a backlog would look as if something grew
FAILS_EVERY, TELLS_EVERY, WAITED_EVERY = 100, 50, 500

queue = Queue("soak", keep_completed=KEPT, keep_failed=KEPT)
handlers = Handlers()


class Step(Job[int], queue=queue, name="step", retry=Retry(attempts=2, backoff=fixed(0.5))):
    """Answered with its number."""

    number: int
    text: str = "x" * 100


class Stumbled(Exception):
    """A step fails at its first attempt."""


class Diary:
    """Where a worker writes down, once a second, how much it has done and how many tasks it has."""

    def __init__(self) -> None:
        self._path = Path(part().ledger) / f"{os.getpid()}.diary"
        self._done = count(1)
        self._written_at = 0.0

    def note_done(self) -> None:
        done, now = next(self._done), time.monotonic()
        if now - self._written_at >= 1:
            self._written_at = now
            with self._path.open("a") as file:
                file.write(f"{now:.3f} {done} {len(asyncio.all_tasks())}\n")


diary = Diary()


@handlers.handles(Step)
async def step(job: Step, context: JobContext) -> int:
    if job.number % TELLS_EVERY == 0:
        await context.progress(0.5, "half way")
        await context.log(f"attempt {context.attempt}")
    if job.number % FAILS_EVERY == 1 and context.attempt == 1:
        raise Stumbled
    diary.note_done()
    return job.number


async def add(jobs: int) -> None:
    """The producer: adds at the pace that is wanted, if workers keep up; waits for some results."""
    began = time.monotonic()
    async with QueueService.connect(part().url) as queues, asyncio.TaskGroup() as group:
        for first in range(0, jobs, ADDED_AT_ONCE):
            await asyncio.sleep(began + first / part().pace - time.monotonic())
            await room(queues)
            numbers = range(first, min(first + ADDED_AT_ONCE, jobs))
            handles = await queues.enqueue_many(Step(number=number) for number in numbers)
            if first % WAITED_EVERY == 0:
                group.create_task(handles[0].result(timeout=60.0))


async def room(queues: QueueService) -> None:
    """Waits until workers have caught up."""
    while True:
        counts = await queues.inspect(queue).counts()
        if counts.by_state[JobState.WAITING] <= MOST_WAITING:
            return
        await asyncio.sleep(LOOK_EVERY)


if __name__ == "__main__":
    asyncio.run(add(int(sys.argv[1])))
