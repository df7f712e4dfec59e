"""The README and its guides hold: their examples run as they stand, and every command they name exists."""

import asyncio
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from support.node_install import FOLDER as NODE_FOLDER
from support.node_install import installed_node
from support.snippets import BIN, ENDS_WITHIN, ROOT, Snippets, environment, run
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.cli.dev.loading import load_application
from toril.cli.lazy import loaded
from toril.cli.main import app
from toril.database import EmbeddedPostgres

README = Snippets("README.md")
GUIDE = Snippets("docs/guide.md")
COMMAND_LINE = Snippets("docs/command-line.md")
DOCUMENTS = (README, GUIDE, COMMAND_LINE)
GROUPS = {"schedule", "key", "database", "outbox"}
"""Commands that have commands of their own."""

RESULT_IS_KNOWN = """
from typing import assert_type

from contracts import Counted, CountWords
from toril.backend import QueueService


async def check(queues: QueueService) -> None:
    assert_type(await (await queues.enqueue(CountWords(text=""))).result(), Counted)
    CountWords(text=7)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """The example's files, as a reader would copy them."""
    with tempfile.TemporaryDirectory(prefix="toril-readme-") as name:
        Path(name).chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
        for document in DOCUMENTS:
            document.write_files(Path(name))
        yield Path(name)


@asynccontextmanager
async def working(folder: Path, **more: str) -> AsyncIterator[None]:
    """The README's worker, in a process of its own that is told to end afterwards, and must end well."""
    log = folder / "worker.log"
    with log.open("wb") as stderr:
        process = await asyncio.create_subprocess_exec(
            *README.command("toril", "worker", "handlers:handlers").words,
            cwd=folder,
            env=environment(**more),
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        )
    try:
        await eventually(
            lambda: process.returncode is not None or "worker started" in log.read_text(), timeout=ENDS_WITHIN
        )
        assert process.returncode is None, log.read_text()
        yield
        process.terminate()
        async with asyncio.timeout(ENDS_WITHIN):
            assert await process.wait() == 0, log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_example_runs_as_it_stands(folder: Path) -> None:
    producer = README.command("python", "producer.py")
    async with working(folder):
        done = run(producer.words, folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout == producer.output


async def test_the_flow_runs_as_it_stands(folder: Path) -> None:
    with EmbeddedBroker(port=0) as broker:
        async with working(folder, TORIL_REDIS_URL=broker.url):
            done = run(["python", "flow.py"], folder, TORIL_REDIS_URL=broker.url)
    assert done.returncode == 0, done.stderr
    assert "5 words in 3 texts\n" in done.stdout


@pytest.mark.timeout(180)
def test_the_job_of_a_transaction_waits_for_the_relay(folder: Path) -> None:
    with EmbeddedPostgres(folder / ".toril"):
        done = run(["python", "add_book.py"], folder)
        assert done.returncode == 0, done.stderr
        status = run(COMMAND_LINE.command("toril", "outbox", "status").words, folder)
    assert json.loads(status.stdout)["waiting"] == 1


async def test_the_schedule_is_applied_and_followed_as_it_stands(folder: Path) -> None:
    with EmbeddedBroker(port=0) as broker:
        for words in (["schedule", "apply", "reports"], ["schedule", "list", "reports"]):
            done = run(COMMAND_LINE.command("toril", *words).words, folder, TORIL_REDIS_URL=broker.url)
            assert done.returncode == 0, done.stderr
    assert "write-report" in done.stdout


async def test_the_queue_is_watched_as_it_stands(folder: Path) -> None:
    with EmbeddedBroker(port=0) as broker:
        async with working(folder, TORIL_REDIS_URL=broker.url):
            follower = await asyncio.create_subprocess_exec(
                *(sys.executable, "-u", "follow.py"),
                cwd=folder,
                env=environment(TORIL_REDIS_URL=broker.url),
                stdout=asyncio.subprocess.PIPE,
            )
            assert follower.stdout is not None
            words = ["toril", "enqueue", "--queue", "documents", "--name", "count-words", "{}"]
            first = asyncio.create_task(follower.stdout.readline())
            async with asyncio.timeout(ENDS_WITHIN):
                while not first.done():  # it listens a moment after it has started
                    await asyncio.to_thread(run, words, folder, TORIL_REDIS_URL=broker.url)
            follower.kill()
            await follower.wait()
    assert b"InvalidPayload: the payload of job 'count-words'" in first.result()


def test_the_application_is_described_as_it_stands(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", sys.path[:])
    application, sources = load_application("dev:application")
    monkeypatch.delitem(sys.modules, "dev")

    assert list(application.workers) == ["agents", "store"]
    assert sources == folder


@pytest.mark.node
@pytest.mark.timeout(400)  # npm may have to install BullMQ first
async def test_node_gets_the_result_of_the_examples_worker(folder: Path) -> None:
    node = await installed_node()
    packages = folder / "node_modules"
    packages.mkdir()
    (packages / "bullmq").symlink_to(NODE_FOLDER / "node_modules" / "bullmq-6")
    with EmbeddedBroker(port=0) as broker:
        async with working(folder, TORIL_REDIS_URL=broker.url):
            done = run([node.program, "add.mjs"], folder, TORIL_REDIS_URL=broker.url)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "{ words: 3 }\n"


@pytest.mark.timeout(180)
def test_a_strict_checker_knows_the_examples_types(folder: Path) -> None:
    (folder / "result_is_known.py").write_text(RESULT_IS_KNOWN)
    settings = {"typeCheckingMode": "strict", "venvPath": str(ROOT), "venv": ".venv"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [BIN / "pyright", "--outputjson", "--project", folder], capture_output=True, text=True, check=False
    )
    found = [
        (Path(each["file"]).name, each.get("rule")) for each in json.loads(done.stdout)["generalDiagnostics"]
    ]
    assert found == [("result_is_known.py", "reportArgumentType")], done.stdout


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README.text))
    known = set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"demo", "test", "bench"} <= named
    assert named <= known


def options(names: list[str]) -> set[str]:
    """The options of a command, or of a group's command."""
    command = get_command(app)
    for name in names:
        assert isinstance(command, TyperGroup)
        assert name in command.commands, f"there is no command {name}"
        command = loaded(command.commands[name])
    return {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}


def test_every_command_that_is_named_exists_with_its_options() -> None:
    named = [each.words for document in DOCUMENTS for each in document.commands() if each.words[0] == "toril"]
    for _, name, *arguments in named:
        known = options([name, *(arguments[:1] if name in GROUPS else [])])
        missing = {word for word in arguments if word.startswith("--")} - known
        assert not missing, f"toril {name} has no {missing}"
    inline = {name for document in DOCUMENTS for name in re.findall(r"`toril (\w+)", document.text)}
    assert inline <= {words[1] for words in named}


def test_every_command_is_shown() -> None:
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    shown = {each.words[1] for each in COMMAND_LINE.commands()}
    assert shown == set(command.commands)
