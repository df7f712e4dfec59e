"""Child processes of the command `toril worker`: what is seen of them, and that they end with it."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from support.command_line import CommandProcess
from support.household import Start
from support.isolated_jobs import Grind
from support.processes import is_alive
from support.waiting import eventually
from toril.backend import QueueService

pytestmark = pytest.mark.timeout(120)


@contextmanager
def milling(toril: Start, *options: str) -> Iterator[CommandProcess]:
    words = ("worker", "support.isolated_jobs:handlers", "--concurrency", "2", "--child-processes", "2")
    with toril(
        *words, *options, PYTHONUNBUFFERED=""
    ) as worker:  # what is printed waits, as it does by default
        yield worker


def pids_in(started: Path) -> list[int]:
    return [int(pid) for pid in started.read_text().split()] if started.exists() else []


def none_runs(pids: list[int]) -> bool:
    return not any(is_alive(pid) for pid in pids)


async def test_what_a_handler_prints_is_seen_at_once(toril: Start, url: str) -> None:
    with milling(toril) as worker:
        async with QueueService.connect(url) as queues:
            await (await queues.enqueue(Grind(act="print", text="flour"))).result(timeout=30)
            await eventually(lambda: "flour" in worker.stdout)
        worker.send(signal.SIGTERM)
        assert worker.exit_code() == 0, worker.log


async def test_children_end_when_their_worker_is_killed(toril: Start, url: str, folder: Path) -> None:
    started = folder / "started"
    with milling(toril) as worker:
        async with QueueService.connect(url) as queues:
            await queues.enqueue(Grind(act="spin", file=str(started)))
            idle = await (await queues.enqueue(Grind())).result(timeout=30)
            await eventually(lambda: pids_in(started))
        worker.send(signal.SIGKILL)
        worker.exit_code()
    await eventually(lambda: none_runs([*pids_in(started), idle.pid]))


async def test_ctrl_c_brings_no_tracebacks_of_children(toril: Start, url: str, folder: Path) -> None:
    started = folder / "started"
    with milling(toril, "--grace", "0") as worker:
        async with QueueService.connect(url) as queues:
            await queues.enqueue(Grind(act="spin", file=str(started)))
            idle = await (await queues.enqueue(Grind())).result(timeout=30)
            await eventually(lambda: pids_in(started))
        worker.interrupt_all()
        for pid in [*pids_in(started), idle.pid]:
            with suppress(psutil.NoSuchProcess):
                psutil.Process(pid).send_signal(signal.SIGINT)  # even so
        assert worker.exit_code() == 0, worker.log
        assert "Traceback" not in worker.log
        assert "KeyboardInterrupt" not in worker.log
    assert none_runs([*pids_in(started), idle.pid])
