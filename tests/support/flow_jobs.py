"""Contracts and handlers for flows over two queues: pages are worked on, then bound into volumes."""

from toril.jobs import Job, Queue
from toril.worker import Handlers, JobContext, Unrecoverable

pages = Queue("pages")
volumes = Queue("volumes")


class CountWords(Job[int], queue=pages, name="count-words"):
    """Counts the words of a page; one without any fails for good."""

    text: str


class Illustrate(Job[str], queue=pages, name="illustrate"):
    """Draws what a page is about."""

    subject: str


class Bind(Job[int], queue=volumes, name="bind"):
    """Adds up what its pages have."""

    title: str


handlers = Handlers()


@handlers.handles(CountWords)
async def count_words(job: CountWords, context: JobContext) -> int:
    if not job.text:
        raise Unrecoverable("the page is empty")
    return len(job.text.split())


@handlers.handles(Illustrate)
async def illustrate(job: Illustrate, context: JobContext) -> str:
    return f"a drawing of {job.subject}"
