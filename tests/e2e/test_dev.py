"""`toril dev` as people start it: a process of its own, in the folder of an application."""

import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from httpx2 import AsyncClient

from support.command_line import CommandProcess
from support.household import Start, processes_in
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker

pytestmark = pytest.mark.timeout(120)

DESCRIPTION = """
from toril.cli.dev import Application, WorkerProcess
from toril.worker import WorkerSettings

application = Application(
    workers={
        "chores": WorkerProcess("household:handlers", queues=["chores"], settings=WorkerSettings(grace=1.0)),
        "errands": WorkerProcess("household:handlers", queues=["errands"]),
    }
)
"""

WITH_EVERYTHING = """
from toril.cli.dev import Application, WorkerProcess

application = Application(
    workers={"chores": WorkerProcess("household:handlers")},
    contracts=["household"],
    web="house:app",
    migrations=[],
)
"""
WEB = """
from contextlib import asynccontextmanager

from fastapi import FastAPI

from household import Chore
from toril.database import Database, outbox

database = Database.connect()


@asynccontextmanager
async def lifespan(app):
    async with database:
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/chores")
async def add_chore() -> str:
    async with database.transaction() as connection:
        return await outbox.enqueue(connection, Chore())
"""


@contextmanager
def developing(
    toril: Start, folder: Path, *options: str, description: str = DESCRIPTION
) -> Iterator[CommandProcess]:
    (folder / "dev.py").write_text(description)
    with toril("dev", "dev:application", *options, TMPDIR=str(folder)) as dev:
        yield dev


def lines(dev: CommandProcess, name: str) -> list[str]:
    """What stands after the name of a process."""
    parts = [line.partition(" │ ") for line in dev.stdout.splitlines()]
    return [line for prefix, _, line in parts if prefix.strip() == name]


def count(dev: CommandProcess, name: str, words: str) -> int:
    return sum(words in line for line in lines(dev, name))


async def both_work(dev: CommandProcess, times: int = 1) -> None:
    for name in ("chores", "errands"):
        await eventually(lambda: count(dev, name, "worker started") >= times, timeout=40)  # noqa: B023


def programs(folder: Path) -> list[psutil.Process]:
    return [process for process in processes_in(folder) if "toril.worker" in process.cmdline()]


async def test_everything_starts_with_its_name_before_its_lines_and_ends_on_ctrl_c(
    toril: Start, folder: Path
):
    with developing(toril, folder) as dev:
        await both_work(dev)
        with toril("enqueue", "household:Chore", "{}", "--timeout", "30") as waiting:
            assert waiting.exit_code() == 0, waiting.log
        dev.interrupt_all()

        assert dev.exit_code() == 0, dev.stdout
        assert lines(dev, "dev")[-1] == "everything has ended"
        assert lines(dev, "broker")[-1] == "the broker has ended; its jobs are kept"
        assert count(dev, "chores", "draining") == 1
    assert processes_in(folder) == []
    assert EmbeddedBroker.running(folder / ".toril") is None


async def test_what_crashes_is_started_again_the_broker_too(toril: Start, folder: Path):
    with developing(toril, folder) as dev:
        await both_work(dev)
        psutil.Process(int((folder / ".toril/broker/broker.pid").read_text())).kill()
        for worker in programs(folder):
            worker.kill()
        await both_work(dev, times=2)

        with toril("enqueue", "household:Errand", "{}", "--timeout", "30") as waiting:
            assert waiting.exit_code() == 0, waiting.log + dev.stdout
        dev.send(signal.SIGTERM)
        assert dev.exit_code() == 0


async def test_a_change_is_taken_up_and_a_mistake_waits_for_its_mending(toril: Start, folder: Path):
    handlers = (folder / "household.py").read_text()
    with developing(toril, folder) as dev:
        await both_work(dev)
        await eventually(lambda: count(dev, "dev", "Ctrl-C ends it"))
        (folder / "household.py").write_text("import nowhere")
        await eventually(lambda: count(dev, "chores", "importing household failed"), timeout=40)
        assert count(dev, "dev", "household.py has changed: starting again")
        (folder / "household.py").write_text(handlers)
        await both_work(dev, times=2)
        dev.send(signal.SIGTERM)
        assert dev.exit_code() == 0


async def test_without_reloading_what_cannot_work_ends_everything(toril: Start, folder: Path):
    (folder / "household.py").write_text("import nowhere")
    with developing(toril, folder, "--no-reload") as dev:
        assert dev.exit_code() == 1
        assert "ended with exit code 2; its own lines say why" in dev.log
    await eventually(lambda: processes_in(folder) == [])


async def test_what_a_web_application_commits_is_done_and_the_gateway_tells_of_it(toril: Start, folder: Path):
    (folder / "house.py").write_text(WEB)
    ports = ("--web-port", "0", "--gateway-port", "0")
    with developing(toril, folder, *ports, description=WITH_EVERYTHING) as dev:
        await eventually(lambda: count(dev, "dev", "Ctrl-C ends it"), timeout=60)
        web, gateway = re.findall(r"http://127\.0\.0\.1:\d+", "\n".join(lines(dev, "dev")))
        await eventually(lambda: count(dev, "web", "Uvicorn running"), timeout=60)
        await eventually(lambda: count(dev, "gateway", "gateway started"), timeout=60)
        async with AsyncClient(timeout=60) as client:
            job_id = (await client.post(f"{web}/chores")).json()
            address = f"{gateway}/jobs/chores/{job_id}/result"
            await eventually(lambda: is_done(client, address), timeout=60)
        with developing(toril, folder) as second:
            assert second.exit_code() == 1
            assert "another `toril dev` is at work on .toril" in second.log
        dev.interrupt_all()

        assert dev.exit_code() == 0, dev.stdout
    assert processes_in(folder) == []


async def is_done(client: AsyncClient, address: str) -> bool:
    answer = await client.get(address)
    return answer.status_code == 200 and answer.json() == "done"


async def test_a_port_that_is_taken_is_a_clear_line(toril: Start, folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with developing(
            toril, folder, "--web-port", "0", "--gateway-port", str(port), description=WITH_EVERYTHING
        ) as dev:
            assert dev.exit_code() == 1
            assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in dev.log


async def test_nothing_outlives_it_when_it_is_killed(toril: Start, folder: Path):
    with developing(toril, folder) as dev:
        await both_work(dev)
        broker = psutil.Process(int((folder / ".toril/broker/broker.pid").read_text()))
        dev.send(signal.SIGKILL)
        dev.exit_code()

        await eventually(lambda: processes_in(folder) == [] and not broker.is_running(), timeout=40)


async def test_what_is_no_application_is_a_clear_line(toril: Start, folder: Path):
    for target, reason in {
        "household:handlers": "household:handlers: is a Handlers, not an Application of toril.cli.dev",
        "nowhere": "nowhere.dev:application: there is no module 'nowhere'",
    }.items():
        with toril("dev", target) as refused:
            assert refused.exit_code() == 2
            assert refused.log.startswith(f"error: {reason}")
