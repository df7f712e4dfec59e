"""The demo as people start it: a process of its own, on a folder of their own."""

import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import psutil
import pytest

from support.waiting import eventually

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "examples.library.demo"]

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def scratch() -> Generator[Path]:
    """The demo's temporary folder, near the root: a socket has to fit into it."""
    folder = Path(tempfile.mkdtemp(prefix="toril-e2e-"))
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
    clean = {name: value for name, value in os.environ.items() if name not in ("DOCS", "QUERY")}
    return {**clean, "TMPDIR": str(scratch), "COLUMNS": "100", **more}


def run(command: list[str], scratch: Path, **more: str) -> subprocess.CompletedProcess[str]:
    settings = environment(scratch, **more)
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=100)


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
    return running.wait(60), shown.decode()


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


def processes(scratch: Path) -> list[psutil.Process]:
    """Every process of the demo: its temporary folder stands in their commands or environments."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if any(str(scratch) in word for word in words):
            found.append(process)
    return found


async def left_clean(scratch: Path) -> None:
    await eventually(lambda: not processes(scratch))
    assert os.listdir(scratch) == []


def workers(scratch: Path) -> list[psutil.Process]:
    return [process for process in processes(scratch) if "worker" in process.cmdline()]


def wait_until_at_work(running: subprocess.Popen[str]) -> None:
    """Until the first quarter of the documents is done."""
    assert running.stdout is not None
    assert any(line.startswith("Embedded ") for line in running.stdout)


def long_documents(folder: Path) -> Path:
    """Enough to be at work for some seconds."""
    folder.mkdir()
    paragraph = "The gate opens and the bull enters the ring at a run.\n" * 10 + "\n"
    for number in range(40):
        (folder / f"{number}.md").write_text(paragraph * 200)
    return folder


async def test_the_best_passage_names_the_right_file_and_nothing_is_left(scratch: Path, docs: Path):
    ended = demo(scratch, DOCS=str(docs), QUERY="How do I bake a loaf?")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert "3 documents" in ended.stdout
    assert "Skipped 1 file: 1 not Markdown, text or Python" in ended.stdout
    assert "3 jobs in" in ended.stdout
    answer = ended.stdout.partition("How do I bake a loaf?\n")[2].splitlines()
    assert "kitchen/bread.md:1-3  Bread" in answer[0]
    await left_clean(scratch)


async def test_in_a_terminal_the_bar_reaches_its_end(scratch: Path, docs: Path):
    exit_code, shown = demo_in_terminal(scratch, DOCS=str(docs))

    assert exit_code == 0
    assert "3/3" in shown
    await left_clean(scratch)


async def test_ctrl_c_ends_everything_with_a_clear_line(scratch: Path, tmp_path: Path):
    running = started(scratch, DOCS=str(long_documents(tmp_path / "long")))
    wait_until_at_work(running)

    os.killpg(running.pid, signal.SIGINT)
    _, problems = running.communicate(timeout=60)

    assert running.returncode == 130
    assert problems == "Interrupted: the worker and the broker have ended, and their data is removed\n"
    await left_clean(scratch)


async def test_being_terminated_ends_everything_too(scratch: Path, tmp_path: Path):
    running = started(scratch, DOCS=str(long_documents(tmp_path / "long")))
    await eventually(lambda: workers(scratch))

    running.terminate()
    _, problems = running.communicate(timeout=60)

    assert running.returncode == 143
    assert problems.startswith("Terminated: ")
    await left_clean(scratch)


async def test_a_worker_that_dies_is_a_clear_error(scratch: Path, tmp_path: Path):
    running = started(scratch, DOCS=str(long_documents(tmp_path / "long")))
    wait_until_at_work(running)

    for worker in workers(scratch):
        worker.kill()
    _, problems = running.communicate(timeout=60)

    assert running.returncode == 1
    assert problems.startswith("The worker ended with exit code -9 while there was work for it. ")
    assert "Traceback" not in problems
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


async def test_make_passes_folder_and_question_as_they_stand(scratch: Path, docs: Path):
    query = """Who's "there"? `id` $HOME $(shell touch pwned); # bake"""

    ended = run(
        ["make", "--silent", "--old-file=.venv/.ready", "demo", f"DOCS={docs}", f"QUERY={query}"], scratch
    )

    assert ended.returncode == 0, ended.stderr
    assert f"\n{query}\n" in ended.stdout
    assert not (ROOT / "pwned").exists()
