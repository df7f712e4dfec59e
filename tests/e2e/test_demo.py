"""The demo as people start it: a process of its own, on a folder of their own."""

import asyncio
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import psycopg
import pytest
from httpx2 import AsyncClient

from examples.library.demo import data_folder
from examples.library.passages import split
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.database import EmbeddedPostgres
from toril.types import JobState

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.library.demo"]

pytestmark = pytest.mark.timeout(240)


@pytest.fixture
def scratch() -> Generator[Path]:
    """Where the demo keeps its data, near the root: a socket has to fit into it."""
    folder = Path(tempfile.mkdtemp(prefix="toril-e2e-"))
    folder.chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
    yield folder
    for left in processes(folder):  # of a test that failed
        left.kill()
    shutil.rmtree(folder)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "two words"
    (folder / "kitchen").mkdir(parents=True)
    (folder / "kitchen/bread.md").write_text(
        "# Bread\n\nKnead the dough, let it rise, put the loaf in the oven.\n"
    )
    (folder / "servers.md").write_text(
        "# Servers\n\nWhen the database is down, restart it and read its log.\n"
    )
    (folder / "gates.py").write_text(
        'def open_gate():\n    """Open the gate and let the bull into the ring."""\n'
    )
    (folder / "photo.png").write_bytes(b"\x89PNG\0")
    return folder


def environment(scratch: Path, **more: str) -> dict[str, str]:
    unwanted = ("DOCS", "QUERY", "KEEP", "TORIL_REDIS_URL", "TORIL_DATABASE_URL")
    clean = {name: value for name, value in os.environ.items() if name not in unwanted}
    return {**clean, "TMPDIR": str(scratch), "TORIL_DATA": str(scratch), "COLUMNS": "100", **more}


def run(command: list[str], scratch: Path, **more: str) -> subprocess.CompletedProcess[str]:
    settings = environment(scratch, **more)
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=200)


def demo(scratch: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return run(COMMAND, scratch, **more)


def demo_in_terminal(scratch: Path, **more: str) -> tuple[int, str]:
    """Its exit code and everything that the terminal was sent."""
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        COMMAND, cwd=ROOT, env=environment(scratch, TERM="xterm", **more), stdout=theirs
    )
    os.close(theirs)
    shown = b""
    with open(ours, "rb", buffering=0) as screen:
        try:
            while chunk := screen.read(65_536):
                shown += chunk
        except OSError:  # how Linux says that the other end is closed
            pass
    return running.wait(120), shown.decode()


def started(scratch: Path, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        COMMAND,
        cwd=ROOT,
        env=environment(scratch, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def processes(scratch: Path, program: str | None = None) -> list[psutil.Process]:
    """Every process of the demo: its temporary folder stands in their commands or environments."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if (program is None or program in words) and any(str(scratch) in word for word in words):
            found.append(process)
    return found


async def left_clean(scratch: Path) -> None:
    await eventually(lambda: not processes(scratch), timeout=60)
    assert [name for name in os.listdir(scratch) if not name.startswith("uv-")] == []  # uv's lock stays


def workers(scratch: Path) -> list[psutil.Process]:
    return processes(scratch, "toril.worker")


def wait_until_at_work(running: subprocess.Popen[str]) -> None:
    """Until the first quarter of the documents is done."""
    assert running.stdout is not None
    assert any(line.startswith("Indexed ") for line in running.stdout)


def long_documents(folder: Path) -> Path:
    """Enough to be at work for some seconds."""
    folder.mkdir()
    paragraph = "The gate opens and the bull enters the ring at a run.\n" * 10 + "\n"
    for number in range(40):
        (folder / f"{number}.md").write_text(paragraph * 60)
    return folder


async def test_make_passes_folder_and_question_as_they_stand_and_the_best_passage_names_its_file(
    scratch: Path, docs: Path
):
    query = """How do I "bake" a loaf? `id` $HOME $(shell touch pwned); # bread"""

    ended = run(
        ["make", "--silent", "--old-file=.venv/.ready", "demo", f"DOCS={docs}", f"QUERY={query}"], scratch
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "3 documents" in ended.stdout
    assert "Skipped 1 file: 1 not Markdown, text or Python" in ended.stdout
    assert "6 jobs in" in ended.stdout
    answer = ended.stdout.partition(f"\n{query}\n")[2].splitlines()
    assert "kitchen/bread.md:1-3  Bread" in answer[0]
    assert not (ROOT / "pwned").exists()
    await left_clean(scratch)


async def test_in_a_terminal_the_bar_reaches_its_end(scratch: Path, docs: Path):
    exit_code, shown = demo_in_terminal(scratch, DOCS=str(docs))

    assert exit_code == 0
    assert "3/3" in shown
    await left_clean(scratch)


async def test_being_terminated_ends_everything_too(scratch: Path, tmp_path: Path):
    running = started(scratch, DOCS=str(long_documents(tmp_path / "long")))
    await eventually(lambda: workers(scratch), timeout=120)

    running.terminate()
    _, problems = running.communicate(timeout=120)

    assert running.returncode == 143
    assert problems.startswith("Terminated: ")
    await left_clean(scratch)


async def test_workers_that_die_are_started_again_and_no_document_is_lost(scratch: Path, tmp_path: Path):
    running = started(scratch, DOCS=str(long_documents(tmp_path / "long")))
    wait_until_at_work(running)

    killed = workers(scratch)
    for worker in killed:
        worker.kill()
    output, problems = running.communicate(timeout=120)

    assert len(killed) == 2
    assert (running.returncode, problems) == (0, "")
    assert "80 jobs in" in output
    await left_clean(scratch)


async def test_told_to_stay_it_says_where_it_is_and_answers_until_ctrl_c(scratch: Path, docs: Path):
    running = started(scratch, DOCS=str(docs), QUERY="How do I bake a loaf?", KEEP="1")
    assert running.stdout is not None
    places = next(line for line in running.stdout if line.startswith("The library is at "))
    web, gateway = re.findall(r"http://127\.0\.0\.1:\d+", places)

    async with AsyncClient() as client:
        (best, *_) = (await client.get(f"{web}/search", params={"query": "bread"})).json()
        document = await client.get(f"{gateway}/openapi.json")
    os.killpg(running.pid, signal.SIGINT)
    _, problems = running.communicate(timeout=120)

    assert best["path"] == "kitchen/bread.md"
    assert "/jobs/agents/embed-document" in document.json()["paths"]
    assert running.returncode == 130
    assert problems == "Interrupted: everything has ended, and its data is removed\n"
    await left_clean(scratch)


class Killed(NamedTuple):
    """A moment at which the demo is killed: so many seconds after so many documents are indexed."""

    indexed: int
    after: float
    with_all: bool


def kill(running: subprocess.Popen[str], *, with_all: bool) -> None:
    """`kill -9`: the demo alone, or with every process that it has started, servers and their guards too."""
    family = psutil.Process(running.pid).children(recursive=True) if with_all else []
    for each in (running, *family):
        with suppress(psutil.NoSuchProcess):
            each.kill()
    running.communicate()


def value(data: Path, query: str) -> Any:
    """What the demo's database answers; None while there is none."""
    url = EmbeddedPostgres.running(data)
    if url is None:
        return None
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute(query.encode()).fetchone()
    except psycopg.Error:
        return None
    return row and row[0]


def moments(documents: int) -> Iterator[Killed]:
    """While it starts, while it works, and shortly before the end."""
    chance = random.Random()  # noqa: S311 - no secret depends on it
    for earliest, latest in ((0, 0), (1, documents // 3), (documents // 3, documents - 1)):
        moment = Killed(chance.randint(earliest, latest), chance.uniform(0, 2), chance.random() < 0.5)
        print(moment)  # noqa: T201 - for the report of a failure
        yield moment


@pytest.mark.timeout(600)
async def test_killed_at_any_moment_and_started_again_every_document_is_indexed_once(
    scratch: Path, tmp_path: Path
):
    folder = long_documents(tmp_path / "long")
    data = scratch / data_folder(folder).name
    for moment in moments(documents=40):
        running = started(scratch, DOCS=str(folder))
        are_indexed = "SELECT count(*) FROM documents WHERE state = 'indexed'"
        await eventually(lambda: (value(data, are_indexed) or 0) >= moment.indexed, timeout=120)  # noqa: B023
        await asyncio.sleep(moment.after)
        kill(running, with_all=moment.with_all)

    running = started(scratch, DOCS=str(folder), KEEP="1")
    assert running.stdout is not None
    assert any(line.startswith("Everything stays up") for line in running.stdout)

    assert value(data, "SELECT array_agg(DISTINCT state) FROM documents") == ["indexed"]
    expected = {file.name: len(split(file.name, file.read_text())) for file in folder.iterdir()}
    counts = "SELECT json_object_agg(path, passages) FROM (SELECT path, count(*) AS passages FROM passages"
    assert value(data, f"{counts} JOIN documents ON id = document_id GROUP BY path)") == expected
    async with QueueService.connect(EmbeddedBroker.running(data)) as queues:
        jobs = (await queues.inspect("library").counts()).by_state
    assert {state: count for state, count in jobs.items() if count} == {JobState.COMPLETED: len(expected)}
    os.killpg(running.pid, signal.SIGINT)
    running.communicate(timeout=120)
    await left_clean(scratch)


@pytest.mark.parametrize(
    ("setting", "reason"),
    [
        ({"DOCS": "/nowhere"}, "DOCS=/nowhere: there is no such folder"),
        ({"QUERY": " "}, "QUERY is empty"),
    ],
)
async def test_what_cannot_be_done_is_one_clear_line(scratch: Path, setting: dict[str, str], reason: str):
    ended = demo(scratch, **setting)

    assert ended.returncode == 2
    assert ended.stderr.startswith(reason)
    assert ended.stderr.count("\n") == 1
    await left_clean(scratch)


async def test_a_folder_without_documents_is_one_clear_line(scratch: Path, tmp_path: Path):
    ended = demo(scratch, DOCS=str(tmp_path))

    assert ended.returncode == 2
    assert ended.stderr == "There are no documents: DOCS takes a folder of Markdown, text or Python files\n"
