"""Semantic search over a folder of documents: `make demo`, or `python -m examples.library.demo`.

The demo starts the whole application as `toril dev` does, uploads the documents, watches them being indexed,
and asks its questions, all over HTTP. Then everything ends and its data is removed. If it was killed, the
next one on the same folder goes on where it was.
"""

import asyncio
import os
import shutil
import signal
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple, TextIO, cast

import httpx2
from rich.console import Console

from examples.library.client import LibraryClient
from examples.library.dev import application
from examples.library.display import Display
from examples.library.documents import Collection, Document, read_folder, read_repository
from examples.library.settings import REPOSITORY, Settings, UsageError, read_settings
from toril.bull.errors import BullError
from toril.cli.dev.lines import LineHandler
from toril.cli.dev.session import Session, SessionSettings
from toril.cli.errors import CommandError, SessionRuns
from toril.database import DatabaseError, EmbeddedPostgres
from toril.embedded import default_data_folder
from toril.jobs import JobsError
from toril.worker import WorkerError
from toril.worker.process.logging_setup import configure_logging

STALLED_AFTER = 60.0
"""Seconds in which nothing has happened, after which the demo gives up."""
LOG_TAIL = 2_000  # characters
_EXPECTED = (CommandError, BullError, JobsError, WorkerError, DatabaseError)
"""Errors whose message says all there is to say."""


class Indexed(NamedTuple):
    """What came of the documents."""

    jobs: int
    passages: int
    seconds: float


async def demo(collection: Collection, settings: Settings, display: Display, data: Path) -> int:
    """Run the whole application on the documents, and throw its data away; the exit code."""
    with thrown_away(data) as log, log.open("a", encoding="utf-8") as lines:
        display.parts(["broker", "postgres", "outbox", *application.workers, "gateway", "web"], log)
        try:
            return await _ask(_session(data, lines), collection.documents, settings, display)
        except Exception:
            display.problem(f"The end of the log:\n{log.read_text(encoding='utf-8')[-LOG_TAIL:].strip()}")
            raise


async def _ask(session: Session, documents: Sequence[Document], settings: Settings, display: Display) -> int:
    """Index the documents and answer the questions; 1 if a document failed."""
    async with session.running() as addresses:
        if addresses.web is None or addresses.gateway is None:
            raise UsageError("examples/library/dev.py names no web application, or no contracts")
        async with httpx2.AsyncClient(base_url=addresses.web, timeout=30.0) as client:
            library = LibraryClient(client)
            display.summary(*await _index(library, documents, display))
            failed = await library.failures()
            display.failures([(each.path, each.reason) for each in failed])
            for query in settings.queries:
                display.answer(query, await library.search(query))
        if settings.stays:
            display.addresses(addresses.web, addresses.gateway)
            await asyncio.Event().wait()
    return 1 if failed else 0


async def _index(library: LibraryClient, documents: Sequence[Document], display: Display) -> Indexed:
    """Upload the documents and watch until all are indexed.

    Raises:
        TimeoutError: nothing has happened for too long.
    """
    clock = asyncio.get_running_loop()
    async with asyncio.timeout(STALLED_AFTER) as patience:
        before = await library.progress()
        started = time.perf_counter()
        with display.progress(len(documents)) as meter:
            async with asyncio.TaskGroup() as group:
                uploading = group.create_task(library.upload(documents))
                has_ended = False
                while not has_ended:
                    has_ended = uploading.done()  # only then it is the end that none waits
                    async for now in library.follow():
                        meter(min(now.indexed + now.failed, len(documents)), now.passages)
                        patience.reschedule(clock.time() + STALLED_AFTER)
    after = await library.progress()
    done = after.indexed + after.failed - before.indexed - before.failed
    jobs_a_document = 2  # the agent's and the store's
    return Indexed(done * jobs_a_document, after.passages, time.perf_counter() - started)


def data_folder(documents: Path) -> Path:
    """Where the demo on a folder of documents keeps its data: once killed, it finds them there again."""
    return default_data_folder() / f"demo-{sha256(bytes(documents.resolve())).hexdigest()[:12]}"


@contextmanager
def thrown_away(data: Path) -> Generator[Path]:
    """The folder, removed at the end unless it belongs to another demo; the file that its log is in."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        yield data / "demo.log"
    finally:
        if not isinstance(sys.exception(), SessionRuns):
            EmbeddedPostgres.remove(data)
            shutil.rmtree(data)


def _session(data: Path, log: TextIO) -> Session:
    def tell(name: str, line: str) -> None:
        log.write(f"{name:<8} │ {line}\n")
        log.flush()

    configure_logging(handler=LineHandler(lambda line: tell("dev", line)))
    return Session(application, SessionSettings(project=REPOSITORY, data=data), tell)


async def _run(display: Display) -> int:
    settings = read_settings(os.environ)
    folder = settings.folder or REPOSITORY
    collection = read_repository(REPOSITORY) if settings.folder is None else read_folder(folder)
    display.opening(folder, len(collection.documents), collection.skipped)
    if not collection.documents:
        raise UsageError("There are no documents: DOCS takes a folder of Markdown, text or Python files")
    if running := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await demo(collection, settings, display, data_folder(folder))


def main() -> int:
    """Run the demo as the environment asks for it, and say in a line what went wrong."""
    display = Display(Console(highlight=False), Console(stderr=True, highlight=False))
    exit_code = 1
    try:
        exit_code = asyncio.run(_run(display))
    except* UsageError as problems:
        display.problem(_words(problems))
        exit_code = 2
    except* (*_EXPECTED, httpx2.HTTPError) as problems:
        display.problem(_words(problems))
    except* TimeoutError:
        display.problem(f"Nothing has happened for {STALLED_AFTER:.0f} s: the demo gave up")
    except* KeyboardInterrupt:
        display.problem("Interrupted: everything has ended, and its data is removed")
        exit_code = 130
    except* asyncio.CancelledError:
        display.problem("Terminated: everything has ended, and its data is removed")
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
