"""Handlers in threads: the event loop goes on, and nothing can end them but themselves."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from support.isolated_jobs import QUICK, GrindBrieflyInThread, GrindInThread, running_mill
from support.waiting import eventually
from toril.backend import JobFailed
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.types import JobState


async def test_blocking_handlers_run_beside_each_other(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with running_mill(broker.url, prefix) as queues:
        blocked = [await queues.enqueue(GrindInThread(act="hold on", text=str(gate))) for _ in range(3)]
        beside = await (await queues.enqueue(GrindInThread(text="corn"))).result(timeout=20)
        assert (beside.text, beside.pid) == ("corn", os.getpid())
        assert beside.thread.startswith("toril-job-")
        gate.touch()
        for handle in blocked:
            await handle.result(timeout=20)


async def test_progress_logs_and_saving_work_from_within(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindInThread(act="watch", text="corn"))
        assert (await handle.result(timeout=20)).text == "saved"
        record = await handle.record()
        assert record.progress is not None
        assert (record.progress.fraction, record.progress.note) == (0.5, "half way")
        assert await handle.logs() == ["attempt 1 of 1", "refused"]
        assert '"saved"' in record.data


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("raise", "ValueError: no corn left"),
        ("give up", "Unrecoverable: no corn left"),
        ("exit", "HandlerStopped: the handler raised SystemExit"),
    ],
)
async def test_what_it_raises_fails_the_job(
    broker: EmbeddedBroker, prefix: str, act: str, reason: str
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindInThread(act=act, text="no corn left"))
        with pytest.raises(JobFailed, match=reason):
            await handle.result(timeout=20)


async def test_signals_end_a_run_from_within(broker: EmbeddedBroker, prefix: str, tmp_path: Path) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindInThread(act="put off once", text=str(tmp_path / "marker")))
        await handle.result(timeout=20)
        assert (await handle.record()).attempts_started == 2


async def test_a_copy_that_a_handler_forks_off_does_not_come_back(
    broker: EmbeddedBroker, prefix: str
) -> None:
    before = psutil.Process().children()
    async with running_mill(broker.url, prefix) as queues:
        ground = await (await queues.enqueue(GrindInThread(act="fork"))).result(timeout=20)
        assert ground.pid == os.getpid()
        [copy] = set(psutil.Process().children()) - set(before)
        _, status = await asyncio.to_thread(os.waitpid, copy.pid, 0)
        assert os.waitstatus_to_exitcode(status) == 1


async def test_a_thread_past_its_timeout_ends_at_its_next_call(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindBrieflyInThread(act="wait for cancellation"))
        with pytest.raises(JobFailed, match=r"JobTimedOut: the handler did not end within 0\.5 s"):
            await handle.result(timeout=20)


async def test_a_cancelled_thread_may_clean_up(broker: EmbeddedBroker, prefix: str, tmp_path: Path) -> None:
    started, traces = tmp_path / "started", tmp_path / "traces"
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindInThread(act="give way", text=str(traces), file=str(started)))
        await eventually(started.exists)
        await handle.cancel()
        with pytest.raises(JobFailed, match="cancelled"):
            await handle.result(timeout=20)
        assert traces.read_text() == "cleaned up"


async def test_a_thread_that_ignores_its_timeout_is_fenced(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path, connection: Connection
) -> None:
    gate, started = tmp_path / "gate", tmp_path / "started"
    quick = replace(QUICK, lock_duration=0.5, stalled_interval=0.2)
    async with running_mill(broker.url, prefix, quick) as queues:
        handle = await queues.enqueue(GrindBrieflyInThread(act="hold on", text=str(gate), file=str(started)))
        await eventually(started.exists)
        lock = QueueKeys("mill", prefix).lock(handle.job_id)
        # Renewed no longer, it runs out; whoever finds the job stalled may have it, this worker included.
        await eventually(lambda: _starts(started) == 2)
        gate.touch()
        await eventually(lambda: _is_through(handle))
        assert not await connection.execute("EXISTS", lock)


def _starts(started: Path) -> int:
    return len(started.read_text().splitlines())


async def _is_through(handle) -> bool:
    return await handle.state() in (JobState.COMPLETED, JobState.FAILED)
