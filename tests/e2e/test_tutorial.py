"""The tutorial holds: its files and commands are used in its order, as a reader would."""

import asyncio
import json
import re
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from support.snippets import ENDS_WITHIN, Command, Snippets, environment, run
from support.waiting import eventually
from toril.embedded import free_port

pytestmark = pytest.mark.timeout(240)

TUTORIAL = Snippets("docs/tutorial.md")
STATED = "http://127.0.0.1:8001"
DONE_BY_EVERY_TEST = ("make", "source", "mkdir")


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="toril-tutorial-") as name:
        Path(name).chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
        yield Path(name)


class Reader:
    """Who follows the tutorial in a folder of their own, on a port that is free."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._commands = [each for each in TUTORIAL.commands() if each.words[0] not in DONE_BY_EVERY_TEST]

    def next_command(self) -> Command:
        words, output = self._commands.pop(0)
        return Command([word.replace(STATED, f"http://127.0.0.1:{self.port}") for word in words], output)

    def do(self, **values: str) -> str:
        """What the next command says; it must be what is stated, if anything is."""
        words, stated = self.next_command()
        filled = [re.sub(r"\$([A-Z]+)", lambda name: values[name[1]], word) for word in words]
        done = run(filled, self.folder)
        assert done.returncode == 0, done.stderr
        assert not stated.strip() or done.stdout.strip() == stated.strip()
        return done.stdout

    def has_done_all(self) -> bool:
        return not self._commands


@pytest.fixture
async def reader(folder: Path) -> AsyncIterator[Reader]:
    """Somebody in whose first terminal `toril dev` runs; it ends with Ctrl-C."""
    TUTORIAL.write_files(folder)
    reader = Reader(folder)
    screen = folder / "screen.txt"
    with screen.open("wb") as output:
        dev = await asyncio.create_subprocess_exec(
            *reader.next_command().words,
            f"--gateway-port={reader.port}",
            cwd=folder,
            env=environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        await eventually(lambda: "gateway started" in screen.read_text(), timeout=2 * ENDS_WITHIN)
        yield reader
        dev.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(dev.wait(), ENDS_WITHIN) == 0, screen.read_text()
    finally:
        if dev.returncode is None:
            dev.kill()
            await dev.wait()


async def test_the_tutorial_leads_where_it_says(reader: Reader) -> None:
    reader.do()  # the result is the stated one
    refusal = json.loads(reader.do())
    assert (refusal["status"], refusal["errors"][0]["path"]) == (422, "text")
    assert "/jobs/poems/read-poem" in json.loads(reader.do())["paths"]

    added = json.loads(reader.do())
    events = reader.do(ID=added["id"])
    assert re.findall(r"^event: (\w+)$", events, re.MULTILINE)[-1] == "completed"
    assert re.findall(r'"note":"([^"]*)"', events)[-1] == "fearful symmetry?"

    reader.do()  # the producer, too
    assert "poems" in reader.do()
    assert added["id"] in reader.do()
    assert reader.has_done_all()
