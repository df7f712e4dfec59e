"""A process that is kept running, with small programs of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from support.processes import is_alive
from support.waiting import eventually
from toril.cli import kept_process as module
from toril.cli.kept_process import Command, KeptProcess

STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
while True:
    signal.pause()
"""
RESTS = "print('here', flush=True); import signal; signal.pause()"


class Told:
    """What a process has written."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, name: str, line: str) -> None:
        assert name == "bull"
        self.lines.append(line)


def kept(told: Told, program: str, *, ends_within: float = 30.0, mendable: bool = False) -> KeptProcess:
    words = [sys.executable, "-c", program]
    command = Command(name="bull", words=words, environment=os.environ, ends_within=ends_within)
    return KeptProcess(command, tell=told, mendable=mendable)


@asynccontextmanager
async def running(process: KeptProcess) -> AsyncIterator[asyncio.Task[int]]:
    task = asyncio.create_task(process.run())
    yield task
    process.stop()
    async with asyncio.timeout(40):
        await task


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.01)
    return Told()


async def test_its_lines_are_told_the_last_one_and_long_ones_too(told: Told):
    process = kept(told, "print('one'); print('x' * 200_000); print('end', end='')")

    assert await process.run() == 0
    assert (told.lines[0], told.lines[-1]) == ("one", "end")
    assert "".join(told.lines[1:-1]) == "x" * 200_000


async def test_one_that_crashes_is_started_again(told: Told):
    async with running(kept(told, "print('here'); raise SystemExit(1)")):
        await eventually(lambda: told.lines.count("here") > 2)


async def test_one_that_cannot_work_is_not(told: Told):
    assert await kept(told, "raise SystemExit(2)").run() == 2


async def test_one_that_cannot_work_begins_again_once_it_is_mended(told: Told):
    process = kept(told, "print('here'); raise SystemExit(2)", mendable=True)
    async with running(process):
        for count in (1, 2, 3):
            await eventually(lambda: told.lines.count("here") == count)  # noqa: B023 - awaited here
            process.restart()


async def test_a_restart_ends_it_and_begins_at_once(told: Told):
    process = kept(told, RESTS)
    async with running(process):
        await eventually(lambda: told.lines.count("here") == 1)
        process.restart()
        await eventually(lambda: told.lines.count("here") == 2)


async def test_told_to_stop_before_it_runs_it_does_not_run(told: Told):
    process = kept(told, RESTS)
    process.stop()

    assert await process.run() == 0
    assert told.lines == []


async def test_one_that_does_not_end_is_killed_with_its_children(told: Told):
    process = kept(told, STUBBORN, ends_within=0.2)
    async with running(process) as task:
        await eventually(lambda: told.lines)
    child = int(told.lines[0])

    assert task.result() == -signal.SIGKILL
    assert "no" in told.lines
    await eventually(lambda: not is_alive(child))


async def test_cancelling_ends_it(told: Told):
    task = asyncio.create_task(kept(told, f"import os; print(os.getpid(), flush=True)\n{RESTS}").run())
    await eventually(lambda: "here" in told.lines)
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert not is_alive(int(told.lines[0]))
