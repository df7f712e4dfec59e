"""docs/outbox.md holds: its example runs as it stands, and a relay that is told to end does."""

import asyncio
import json
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psutil
import pytest

from support.command_line import CommandProcess
from support.household import processes_in
from support.snippets import Snippets, run
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.database import EmbeddedPostgres

DOCUMENT = Snippets("docs/outbox.md")
ENDS_WITHIN = 60.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """The example's files, as a reader would copy them."""
    with tempfile.TemporaryDirectory(prefix="toril-e2e-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
        DOCUMENT.write_files(folder)
        yield folder
        for process in processes_in(folder):  # of a test that failed
            process.kill()


def output(words: list[str], folder: Path) -> str:
    """What a command that must end well has printed."""
    done = run(words, folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def told(folder: Path, *words: str) -> list[dict[str, Any]]:
    """What a command says as JSON, a value a line."""
    return [json.loads(line) for line in output(["toril", *words, "--json"], folder).splitlines()]


def servers_in(folder: Path) -> list[psutil.Process]:
    """Processes whose command line or open folder lies in there: servers, and their guards."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "cwd"])
        if str(folder) in " ".join([*(process.info["cmdline"] or []), process.info["cwd"] or ""])
    ]


@pytest.mark.timeout(240)
async def test_the_example_runs_as_it_stands_and_the_relay_ends_when_it_is_told(folder: Path) -> None:
    migrate, add, relay = [command.words for command in DOCUMENT.commands()]
    with EmbeddedPostgres(folder / ".toril"), EmbeddedBroker(folder / ".toril"):
        assert "0001_books.sql" in await asyncio.to_thread(output, migrate, folder)
        assert re.match(
            "job [0-9a-f-]{36} comes with the commit", await asyncio.to_thread(output, add, folder)
        )
        assert [status["waiting"] for status in told(folder, "outbox", "status")] == [1]
        with CommandProcess(*relay[1:], folder=folder) as process:
            await eventually(lambda: "relaying" in process.log, timeout=ENDS_WITHIN)
            await eventually(
                lambda: [status["waiting"] for status in told(folder, "outbox", "status")] == [0],
                timeout=ENDS_WITHIN,
            )
            [queue] = told(folder, "queues")
            assert (queue["queue"], queue["counts"]["waiting"]) == ("books", 1)
            process.send(signal.SIGTERM)
            assert await asyncio.to_thread(process.exit_code) == 0, process.log
            assert "relayed=1" in process.log


@pytest.mark.timeout(240)
async def test_a_gateway_relays_the_outbox_too_and_tells_prometheus_of_it(folder: Path) -> None:
    migrate, add, _ = [command.words for command in DOCUMENT.commands()]
    with EmbeddedPostgres(folder / ".toril"), EmbeddedBroker(folder / ".toril"):
        await asyncio.to_thread(output, migrate, folder)
        with CommandProcess("backend", "contracts", "--port", "0", "--outbox", folder=folder) as process:
            await asyncio.to_thread(output, add, folder)
            await eventually(lambda: "gateway started" in process.log, timeout=ENDS_WITHIN)
            address = re.search(r"http://[\d.:]+", process.log)
            assert address is not None

            def page() -> str:
                with urlopen(f"{address[0]}/metrics") as answer:  # noqa: S310 - it is our own
                    return answer.read().decode()

            await eventually(
                lambda: {"toril_outbox_waiting 0.0", "toril_outbox_relays 1.0"} <= set(page().splitlines()),
                timeout=ENDS_WITHIN,
                every=0.2,
            )
            assert 'toril_queue_jobs{queue="books",state="waiting"} 1.0' in page()
            process.send(signal.SIGTERM)
            assert await asyncio.to_thread(process.exit_code) == 0, process.log


@pytest.mark.timeout(240)
async def test_a_command_that_started_servers_leaves_nothing_behind_when_it_is_killed(folder: Path) -> None:
    await asyncio.to_thread(output, DOCUMENT.commands()[0].words, folder)
    with CommandProcess("outbox", folder=folder) as process:
        await eventually(lambda: "relaying" in process.log, timeout=ENDS_WITHIN)
        process.send(signal.SIGKILL)
        await asyncio.to_thread(process.exit_code)
    await eventually(lambda: not servers_in(folder), timeout=ENDS_WITHIN)
