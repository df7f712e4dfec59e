"""This project: `python -m bench.systems.toril <broker URL>`."""

import asyncio
import logging
import sys
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import structlog

from bench.systems.protocol import (
    CHILD,
    DEDUPLICATED,
    DELAY,
    DELAYED,
    FAMILY,
    JOB_NAME,
    PRIORITY,
    QUEUE,
    TEXT,
    run,
    serve,
)
from bench.systems.system import Handler, Start, System
from toril.backend import JobHandle, QueueService
from toril.jobs import Deduplicate, Flow, Job, Queue
from toril.types import JobState
from toril.worker import Handlers, JobContext, WorkerFactory

queue = Queue(QUEUE)
families = Queue("families")


class Note(Job[int], queue=queue, name=JOB_NAME):
    """Answered with its stamp."""

    stamp: int
    text: str


class Family(Job[None], queue=families, name="family"):
    """Waits for its notes; nobody runs it."""


class TorilClient:
    """What an application's producer does: models in, validated."""

    def __init__(self, queues: QueueService) -> None:
        self._queues = queues

    async def add(self, stamp: int, text: str = TEXT) -> JobHandle[int]:
        return await self._queues.enqueue(Note(stamp=stamp, text=text))

    async def add_many(self, count: int, text: str, kind: str) -> None:
        notes = (Note(stamp=stamp, text=text) for stamp in range(count))
        if kind == CHILD:
            await self._queues.enqueue_flows(_families(notes))
        else:
            await self._queues.enqueue_many(
                notes,
                delay=DELAY if kind == DELAYED else 0.0,
                priority=1 if kind == PRIORITY else 0,
                deduplicate=_by_stamp if kind == DEDUPLICATED else None,
            )

    async def result(self, added: Any) -> object:
        return await added.result(timeout=10.0)

    async def are_completed(self, count: int) -> bool:
        return (await self._queues.inspect(queue).counts()).by_state[JobState.COMPLETED] >= count


class Toril(System):
    """Everything as an application would do it: validated on both sides."""

    @asynccontextmanager
    async def client(self) -> AsyncGenerator[TorilClient]:
        async with QueueService.connect(self._url) as queues:
            yield TorilClient(queues)

    @asynccontextmanager
    async def worker(self, handler: Handler, concurrency: int) -> AsyncGenerator[Start]:
        handlers = Handlers()

        @handlers.handles(Note)
        async def note(job: Note, _: JobContext) -> int:  # pyright: ignore[reportUnusedFunction] - it is registered
            return handler(job.stamp)

        async with (
            WorkerFactory(self._url, handlers).create(queue, concurrency=concurrency) as worker,
            asyncio.TaskGroup() as group,
        ):
            yield lambda: group.create_task(worker.run())
            worker.stop()


def _by_stamp(note: Job[Any]) -> Deduplicate:
    assert isinstance(note, Note)  # noqa: S101 - there are no others
    return Deduplicate(str(note.stamp))


def _families(notes: Iterable[Note]) -> Iterable[Flow[None]]:
    remaining = iter(notes)
    while children := list(islice(remaining, FAMILY - 1)):
        yield Flow(Family(), children=children)


def quiet() -> None:
    """Has the worker say nothing but warnings."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


if __name__ == "__main__":
    quiet()
    run(serve(Toril(sys.argv[1]), "toril", "pydantic", "hiredis"))
