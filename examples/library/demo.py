"""Semantic search over a folder of documents: `make demo`, or `python -m examples.library.demo`.

The demo starts a broker and a worker as processes of their own, enqueues one job per document, takes the
passages that come back, and answers questions with those that say most nearly what is asked. It leaves
nothing behind, however it ends.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from rich.console import Console

from examples.library.contracts import Embedded, EmbedDocument, Passage, documents
from examples.library.display import Display, Meter
from examples.library.documents import Collection, Document, read_folder, read_repository
from examples.library.embedding import embed
from examples.library.search import Index
from examples.library.settings import REPOSITORY, UsageError, read_settings
from examples.library.worker_process import COMMAND, WorkerEnded, worker_process
from toril.backend import BackendError, JobFailed, JobHandle, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BullError
from toril.jobs import JobsError

STALLED_AFTER = 60.0
"""Seconds in which nothing has happened, after which the demo gives up."""


@dataclass
class Results:
    """What came back from the worker, with the path of its document."""

    passages: list[tuple[str, Passage]] = field(default_factory=list[tuple[str, Passage]])
    failed: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


async def demo(collection: Collection, queries: Sequence[str], display: Display) -> int:
    """Embed the documents and answer the queries; the exit code is 1 if a document failed."""
    with tempfile.TemporaryDirectory(prefix="toril-demo-") as folder:
        async with (
            EmbeddedBroker() as broker,
            worker_process(broker.url, Path(folder) / "worker.log"),
            QueueService.connect(broker.url) as queues,
        ):
            display.worker(COMMAND)
            await _worker_arrived(queues)
            started = time.perf_counter()
            jobs = [EmbedDocument(path=path, text=text) for path, text in collection.documents]
            handles = await queues.enqueue_many(jobs)
            with display.progress(len(jobs)) as meter:
                results = await _collect(collection.documents, handles, meter)
            display.summary(len(jobs), len(results.passages), time.perf_counter() - started)
    display.failures(results.failed)
    index = Index(results.passages)
    for query, vector in zip(queries, embed(queries), strict=True):
        display.answer(query, index.nearest(vector))
    return 1 if results.failed else 0


async def _worker_arrived(queues: QueueService) -> None:
    """Wait until the worker is connected: the time it takes to start says nothing of how fast jobs are."""
    async with asyncio.timeout(STALLED_AFTER):
        while not await queues.inspect(documents.name).workers():  # noqa: ASYNC110  it is another process
            await asyncio.sleep(0.02)


async def _collect(
    sources: Sequence[Document], handles: Sequence[JobHandle[Embedded]], meter: Meter
) -> Results:
    """The results, as they come in.

    Raises:
        TimeoutError: no document was done for too long.
    """
    results = Results()
    clock = asyncio.get_running_loop()

    async def take(document: Document, handle: JobHandle[Embedded]) -> None:
        passages: list[Passage] = []
        try:
            passages = (await handle.result()).passages
        except JobFailed as failure:
            results.failed.append((document.path, failure.reason))
        results.passages.extend((document.path, passage) for passage in passages)
        meter(len(passages))
        patience.reschedule(clock.time() + STALLED_AFTER)

    async with asyncio.timeout(STALLED_AFTER) as patience, asyncio.TaskGroup() as taking:
        for document, handle in zip(sources, handles, strict=True):
            taking.create_task(take(document, handle))
    return results


async def _run(display: Display) -> int:
    settings = read_settings(os.environ)
    collection = read_repository(REPOSITORY) if settings.folder is None else read_folder(settings.folder)
    display.opening(settings.folder or REPOSITORY, len(collection.documents), collection.skipped)
    if not collection.documents:
        raise UsageError("There are no documents: DOCS takes a folder of Markdown, text or Python files")
    if running := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await demo(collection, settings.queries, display)


def main() -> int:
    """Run the demo as the environment asks for it, and say in a line what went wrong."""
    display = Display(Console(highlight=False), Console(stderr=True, highlight=False))
    exit_code = 1
    try:
        exit_code = asyncio.run(_run(display))
    except* UsageError as problems:
        display.problem(_words(problems))
        exit_code = 2
    except* (WorkerEnded, BackendError, BullError, JobsError) as problems:
        display.problem(_words(problems))
    except* TimeoutError:
        display.problem(f"Nothing has happened for {STALLED_AFTER:.0f} s: the demo gave up")
    except* KeyboardInterrupt:
        display.problem("Interrupted: the worker and the broker have ended, and their data is removed")
        exit_code = 130
    except* asyncio.CancelledError:
        display.problem("Terminated: the worker and the broker have ended, and their data is removed")
        exit_code = 143
    return exit_code


def _words(problems: BaseExceptionGroup[BaseException]) -> str:
    """What the first of them says; it may stand in the groups of several task groups."""
    first = problems.exceptions[0]
    return (
        _words(cast("BaseExceptionGroup[BaseException]", first))
        if isinstance(first, BaseExceptionGroup)
        else str(first)
    )


if __name__ == "__main__":
    sys.exit(main())
