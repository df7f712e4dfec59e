"""`python -m toril.worker`: a worker without the command line's distribution."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.health_checks import is_ready, port_of
from support.household import Start, add
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.types import JobState

pytestmark = pytest.mark.timeout(120)


class Program:
    """The worker, in the folder of the application; its log is in a file there."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self._log = folder / "program.log"
        with self._log.open("wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "toril.worker", *arguments],
                cwd=folder,
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stderr=stderr,
            )

    @property
    def log(self) -> str:
        return self._log.read_text()


@contextmanager
def program(folder: Path, *arguments: str, **environment: str) -> Iterator[Program]:
    started = Program(folder, *arguments, **environment)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.communicate()


async def ended(url: str, job_id: str) -> bool:
    async with await Connection.open(url) as connection:
        state = await QueueInspector(connection, QueueKeys("chores")).state(job_id)
    return state is JobState.COMPLETED


async def test_it_answers_health_checks(url: str, folder: Path):
    with program(folder, "household:handlers", "--health-port", "0", TORIL_REDIS_URL=url) as worker:
        port = await port_of(worker)
        await eventually(lambda: is_ready(port))


async def test_it_runs_jobs_and_drains_when_it_is_told_to(toril: Start, url: str, folder: Path):
    job_id = await add(toril)
    with program(folder, "household:handlers", "--concurrency", "3", TORIL_REDIS_URL=url) as worker:
        await eventually(lambda: ended(url, job_id))
        worker.process.send_signal(signal.SIGTERM)

        assert worker.process.wait(40) == 0, worker.log


async def test_it_ends_with_whoever_holds_its_stdin(url: str, folder: Path):
    with program(folder, "household:handlers", "--supervised", TORIL_REDIS_URL=url) as worker:
        await eventually(lambda: worker.log.count("worker started") == 2)
        assert worker.process.stdin is not None
        worker.process.stdin.close()

        assert worker.process.wait(40) == 0, worker.log
        assert "supervisor gone" in worker.log


@pytest.mark.parametrize(
    ("arguments", "exit_code", "reason"),
    [
        (["nowhere:handlers"], 2, "error: nowhere:handlers: there is no module 'nowhere'"),
        (["household:handlers", "--queue", "ghosts"], 2, "error: no handler serves queue 'ghosts'"),
        (["household:handlers", "--concurrency", "0"], 2, "error: concurrency is 0; it must lie between"),
        (["household:handlers", "--settings", "{"], 2, "error: --settings: the whole: Invalid JSON"),
        (
            ["household:handlers", "--settings", '{"grace": "x"}'],
            2,
            "error: --settings: grace: Input should be",
        ),
        (["household:handlers", "--no-database"], 1, "error: this worker is to have no database, but could"),
    ],
)
def test_what_cannot_work_is_one_clear_line(folder: Path, arguments: list[str], exit_code: int, reason: str):
    environment = {
        "TORIL_REDIS_URL": "unix:///nowhere",
        "TORIL_DATABASE_URL": "postgresql://ana:secret@db/library",
    }
    with program(folder, *arguments, **environment) as worker:
        assert worker.process.wait(40) == exit_code
        assert worker.log.startswith(reason)
        assert worker.log.count("\n") == 1
        assert "secret" not in worker.log
