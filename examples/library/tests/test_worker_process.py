"""The worker as a process of its own, with small programs in the worker's place."""

import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

from examples.library import worker_process as module
from examples.library.worker_process import WorkerEnded, worker_process
from support.waiting import eventually


def instead_of_the_worker(monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(module, "COMMAND", (Path(sys.executable).name, "-c", program))


async def ended(log: Path) -> WorkerEnded:
    """How a worker ends that was to stay."""
    with pytest.raises(ExceptionGroup) as caught:
        async with worker_process("unix:///tmp/broker.sock", log):
            await asyncio.Event().wait()
    (error,) = caught.value.exceptions
    assert isinstance(error, WorkerEnded)
    return error


async def test_a_worker_that_ends_is_noticed_with_its_exit_code_and_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    instead_of_the_worker(monkeypatch, "raise SystemExit('the gate is stuck')")

    error = await ended(tmp_path / "log")

    assert (error.exit_code, error.log) == (1, "the gate is stuck")
    assert "exit code 1" in str(error)
    assert "the gate is stuck" in str(error)


async def test_the_worker_is_told_where_the_broker_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    instead_of_the_worker(monkeypatch, "import os; print(os.environ['TORIL_REDIS_URL'])")

    assert (await ended(tmp_path / "log")).log == "unix:///tmp/broker.sock"


STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, lambda *_: print("no", flush=True))
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
while True:
    signal.pause()
"""


async def test_a_worker_that_does_not_end_when_asked_is_killed_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    instead_of_the_worker(monkeypatch, STUBBORN)
    monkeypatch.setattr(module, "DRAINS_WITHIN", 0.2)
    log = tmp_path / "log"

    async with worker_process("redis://127.0.0.1:1", log) as worker:
        await eventually(lambda: log.read_text().endswith("\n"))
        child = psutil.Process(int(log.read_text()))

    assert worker.returncode == -signal.SIGKILL
    await eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert "no" in log.read_text()
