"""The guide to the gateway holds, and so does what the README says of it: their commands are run."""

import asyncio
import json
import re
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from support.snippets import BIN, ENDS_WITHIN, Snippets, environment, run
from support.waiting import eventually
from toril.backend.api_keys import ApiKey
from toril.bull.embedded import EmbeddedBroker
from toril.embedded import free_port

pytestmark = pytest.mark.timeout(240)

GUIDE = Snippets("docs/gateway.md")
README = Snippets("README.md")
STATED = "http://127.0.0.1:8000"
RESULT = {"words": 3}


@pytest.fixture
def folder() -> Iterator[Path]:
    """The README's contracts and handlers, and the guide's application."""
    with tempfile.TemporaryDirectory(prefix="toril-guide-") as name:
        README.write_files(Path(name))
        GUIDE.write_files(Path(name))
        yield Path(name)


@pytest.fixture
def url() -> Iterator[str]:
    with EmbeddedBroker(port=0) as broker:
        yield broker.url


@asynccontextmanager
async def running(folder: Path, url: str, said: str, *words: str) -> AsyncIterator[None]:
    """A process of the reader's that says when it is ready; it is told to end, and must end well."""
    log = folder / f"{words[1]}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *words,
            cwd=folder,
            env=environment(TORIL_REDIS_URL=url),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        await eventually(lambda: said in log.read_text(), timeout=2 * ENDS_WITHIN)
        yield
        process.terminate()
        # uvicorn ends by the signal itself, once it has ended well.
        assert await asyncio.wait_for(process.wait(), ENDS_WITHIN) in (0, -signal.SIGTERM), log.read_text()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def served(folder: Path, url: str) -> AsyncIterator[str]:
    """The address of the guide's gateway, whose jobs the README's worker runs."""
    port = free_port()
    gateway = [*GUIDE.command("toril", "backend").words, "--port", str(port)]
    worker = README.command("toril", "worker", "handlers:handlers").words
    async with (
        running(folder, url, "gateway started", *gateway),
        running(folder, url, "worker started", *worker),
    ):
        yield f"http://127.0.0.1:{port}"


async def test_its_commands_do_what_it_says(folder: Path, url: str):
    [line] = re.findall(r"A line is `(\{.*?\})`,", GUIDE.text)
    (folder / "jobs.ndjson").write_text(f"{line}\n{line}\n")
    async with served(folder, url) as address:
        for snippets in (README, GUIDE):
            [added] = await asyncio.to_thread(_curl, snippets, "wait=10", folder, address)
            assert json.loads(added) == RESULT
        told = await asyncio.to_thread(_curl, GUIDE, "jobs:batch", folder, address)
        assert [json.loads(each)["status"] for each in told] == [202, 202]
        # The stream has no end: curl is given a second of it.
        heard = await asyncio.to_thread(_curl, README, "events", folder, address, "--max-time", "1")
        assert heard[0].startswith("retry:")


async def test_the_key_that_it_makes_is_as_it_says(folder: Path):
    made = run(GUIDE.command("toril", "key", "create").words, folder)
    entry = made.stdout.split()[-1]

    assert ApiKey.read(entry, 1).id == "web"
    assert entry.startswith("web:enqueue,read:documents:")


async def test_its_application_runs_as_it_stands(folder: Path, url: str):
    port = free_port()
    server = [str(BIN / "python"), "-m", "uvicorn", "app:app", "--port", str(port)]
    worker = README.command("toril", "worker", "handlers:handlers").words
    address = f"http://127.0.0.1:{port}"
    async with (
        running(folder, url, "Application startup complete", *server),
        running(folder, url, "worker started", *worker),
        AsyncClient(base_url=address, timeout=ENDS_WITHIN) as client,
    ):
        counted = await client.post("/count", params={"text": "one two three"})
        job = f"/api/jobs/documents/{counted.json()}"
        assert (await client.get(f"{job}/result", params={"wait": 20})).json() == RESULT
        assert (await client.delete(job)).status_code == 405  # not among its scopes
        paths = (await client.get("/openapi.json")).json()["paths"]
    assert {"/count", "/api/jobs/documents/count-words"} <= paths.keys()


def _curl(snippets: Snippets, part: str, folder: Path, address: str, *options: str) -> list[str]:
    """The lines of the body that the document's curl command with this part is answered with."""
    named = [each.words for each in snippets.commands() if each.words[0] == "curl"]
    [words] = [each for each in named if any(part in word for word in each)]
    asked = [word.replace(STATED, address) for word in words]
    done = run([*asked, "--silent", "--show-error", *options], folder)
    assert done.returncode == 0 or "--max-time" in options, done.stderr
    said = done.stdout.replace("\r\n", "\n")
    return (said.rpartition("\n\n")[2] if "-i" in words else said).splitlines()
