"""Contracts and handlers for flows over two queues: pages are worked on, then bound into volumes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from support.workshop import QUICK
from toril.backend import QueueService
from toril.jobs import Job, Keep, Queue
from toril.worker import Handlers, JobContext, Unrecoverable, WorkerFactory, WorkerSettings

pages = Queue("pages")
volumes = Queue("volumes")


class CountWords(Job[int], queue=pages, name="count-words"):
    """Counts the words of a page; an empty one fails for good."""

    text: str


class Illustrate(Job[str], queue=pages, name="illustrate"):
    """Draws what a page is about."""

    subject: str


class Sketch(Job[str], queue=pages, name="sketch", keep_completed=Keep(count=0)):
    """The same, but nothing is kept of it."""

    subject: str


class Bind(Job[int], queue=volumes, name="bind"):
    """Adds up the words of its pages."""

    title: str
    step: str = "begin"


def page_handlers() -> Handlers:
    """Those of the pages."""
    handlers = Handlers()

    @handlers.handles(CountWords)
    async def count_words(job: CountWords, context: JobContext) -> int:
        if not job.text:
            raise Unrecoverable("the page is empty")
        return len(job.text.split())

    @handlers.handles(Illustrate)
    async def illustrate(job: Illustrate, context: JobContext) -> str:
        return f"a drawing of {job.subject}"

    @handlers.handles(Sketch)
    async def sketch(job: Sketch, context: JobContext) -> str:
        return f"a sketch of {job.subject}"

    return handlers


def volume_handlers() -> Handlers:
    """Those of the volumes: a volume is as long as its pages and volumes together."""
    handlers = Handlers()

    @handlers.handles(Bind)
    async def bind(job: Bind, context: JobContext) -> int:
        children = await context.children()
        return sum(child.result for child in [*children.of(CountWords), *children.of(Bind)])

    return handlers


@asynccontextmanager
async def bindery(
    url: str,
    prefix: str,
    *,
    pages_by: Handlers | None = None,
    volumes_by: Handlers | None = None,
    settings: WorkerSettings = QUICK,
) -> AsyncGenerator[QueueService]:
    """A producer, and two workers, each of one queue and with connections of its own."""
    async with AsyncExitStack() as stack:
        queues = await stack.enter_async_context(QueueService.connect(url, prefix=prefix))
        workers = [
            await stack.enter_async_context(
                WorkerFactory(url, handlers, prefix=prefix).create(queue, settings=settings)
            )
            for queue, handlers in (
                (pages, pages_by or page_handlers()),
                (volumes, volumes_by or volume_handlers()),
            )
        ]
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.run())
            try:
                yield queues
            finally:
                for worker in workers:
                    worker.stop()
