"""This project: `python -m bench.systems.toril <broker URL>`."""

import asyncio
import logging
import sys
import time

import structlog

from bench.systems.producing import Tally, at_once, microseconds, one_by_one, trickled, until_completed
from bench.systems.protocol import IDLE_CONCURRENCY, JOB_NAME, QUEUE, TEXT, run, serve
from toril.backend import QueueService
from toril.jobs import Job, Queue
from toril.types import JobState
from toril.worker import Handlers, JobContext, WorkerFactory
from toril.worker.handler import HandlerFunction

queue = Queue(QUEUE)


class Note(Job[int], queue=queue, name=JOB_NAME):
    """Answered with its stamp."""

    stamp: int
    text: str


class Toril:
    """Everything as an application would do it: models in, validated on both sides."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def add_bulk(self, count: int) -> float:
        async with QueueService.connect(self._url) as queues:
            begin = time.perf_counter()
            await queues.enqueue_many(Note(stamp=stamp, text=TEXT) for stamp in range(count))
            return time.perf_counter() - begin

    async def add_concurrent(self, count: int) -> float:
        async with QueueService.connect(self._url) as queues:
            return await at_once(lambda stamp: queues.enqueue(Note(stamp=stamp, text=TEXT)), count)

    async def add_sequential(self, count: int) -> float:
        async with QueueService.connect(self._url) as queues:
            return await one_by_one(lambda stamp: queues.enqueue(Note(stamp=stamp, text=TEXT)), count)

    async def process(self, count: int, concurrency: int) -> float:
        tally = Tally(count)

        async def note(job: Note, _: JobContext) -> int:
            tally.note()
            return job.stamp

        async with (
            QueueService.connect(self._url) as queues,
            WorkerFactory(self._url, _handlers(note)).create(queue, concurrency=concurrency) as worker,
            asyncio.TaskGroup() as group,
        ):
            begin = time.perf_counter()
            group.create_task(worker.run())
            await tally.all_begun()
            await until_completed(count, lambda: _completed(queues))
            seconds = time.perf_counter() - begin
            worker.stop()
        return seconds

    async def pickup(self, count: int) -> list[float]:
        tally = Tally(count)
        delays: list[float] = []

        async def note(job: Note, _: JobContext) -> int:
            delays.append((microseconds() - job.stamp) / 1e6)
            tally.note()
            return job.stamp

        factory = WorkerFactory(self._url, _handlers(note))
        async with (
            factory.create(queue, concurrency=IDLE_CONCURRENCY) as worker,
            asyncio.TaskGroup() as group,
        ):
            group.create_task(worker.run())
            await tally.all_begun()
            worker.stop()
        return delays

    async def trickle(self, count: int) -> None:
        async with QueueService.connect(self._url) as queues:
            await trickled(
                lambda stamp: queues.enqueue(Note(stamp=stamp, text=TEXT)), count, lambda: _completed(queues)
            )


async def _completed(queues: QueueService) -> int:
    return (await queues.inspect(QUEUE).counts()).by_state[JobState.COMPLETED]


def _handlers(function: HandlerFunction[Note, int]) -> Handlers:
    handlers = Handlers()
    handlers.handles(Note)(function)
    return handlers


def quiet() -> None:
    """Has the worker say nothing but warnings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


if __name__ == "__main__":
    quiet()
    run(serve(Toril(sys.argv[1]), "toril", "pydantic", "redis"))
