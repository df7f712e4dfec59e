"""Handlers in child processes: what they may do, and what happens when they do what they may not."""

import os
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from support.isolated_jobs import QUICK, Grind, GrindBriefly, GrindTwice, mill, millers, running_mill
from support.processes import children_of, is_alive
from support.waiting import eventually
from support.workshop import is_in
from toril.backend import JobFailed
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobState


def children() -> list[psutil.Process]:
    """The child processes of ours that run handlers."""
    return children_of(whose=lambda command: "toril.worker.isolation.child" in " ".join(command))


def sessions_of(pids: set[int]) -> list[psutil.Process]:
    """What runs in the sessions of some children, which need not be there any more."""
    return [
        process for process in psutil.process_iter() if is_alive(process.pid) and _session(process) in pids
    ]


def _session(process: psutil.Process) -> int:
    try:
        return os.getsid(process.pid)
    except ProcessLookupError:
        return 0


async def test_a_job_runs_in_a_child_that_ends_with_its_worker(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_mill(broker.url, prefix) as queues:
        first = await (await queues.enqueue(Grind(text="corn"))).result(timeout=20)
        second = await (await queues.enqueue(Grind(text="corn"))).result(timeout=20)
        assert (first.text, first.thread) == ("corn", "MainThread")
        assert first.pid not in (0, os.getpid())
        assert second.pid == first.pid
    assert not is_alive(first.pid)


async def test_progress_logs_and_saving_work_from_within(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(Grind(act="watch", text="corn"))
        assert (await handle.result(timeout=20)).text == "saved"
        record = await handle.record()
        assert record.progress is not None
        assert (record.progress.fraction, record.progress.note) == (0.5, "half way")
        assert await handle.logs() == ["attempt 1 of 1", "refused"]
        assert '"saved"' in record.data


async def test_jobs_without_a_contract_run_there_too(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue_raw(mill, "anything", [1, "ü"])
        assert await handle.result(timeout=20) == {"name": "anything", "data": '[1,"ü"]', "attempt": 1}


async def test_what_it_raises_fails_the_job_as_if_it_had_been_raised_here(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindTwice(act="raise", text="no corn left"))
        with pytest.raises(JobFailed, match="ValueError: no corn left"):
            await handle.result(timeout=20)
        record = await handle.record()
        assert len(record.stacktrace) == 2
        assert "isolated_jobs.py" in record.stacktrace[0]
        hopeless = await queues.enqueue(GrindTwice(act="give up", text="never"))
        with pytest.raises(JobFailed, match="Unrecoverable: never"):
            await hopeless.result(timeout=20)
        assert (await hopeless.record()).attempts_made == 1


async def test_signals_end_a_run_from_within(broker: EmbeddedBroker, prefix: str, tmp_path: Path) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(Grind(act="put off once", text=str(tmp_path / "marker")))
        await handle.result(timeout=20)
        assert (await handle.record()).attempts_started == 2


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        ("kill", "ChildProcessDied: child process [0-9]+ died in mid-run: signal SIGKILL"),
        ("exit at once", "ChildProcessDied: child process [0-9]+ died in mid-run: exit code 7"),
        ("close everything", "ChildProcessDied: child process [0-9]+ died in mid-run"),
        ("exit", "HandlerStopped: the handler raised SystemExit"),
        ("fork a sleeper and die", "ChildProcessDied: child process [0-9]+ died in mid-run: exit code 7"),
        ("leave a program behind and die", "ChildProcessDied: .* signal SIGKILL"),
    ],
)
async def test_a_child_that_dies_costs_its_job_only(
    broker: EmbeddedBroker, prefix: str, act: str, reason: str, tmp_path: Path
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        gate, started = tmp_path / "gate", tmp_path / "started"
        beside = await queues.enqueue(Grind(act="hold on", text=str(gate)))
        handle = await queues.enqueue(Grind(act=act, file=str(started)))
        with pytest.raises(JobFailed, match=reason):
            await handle.result(timeout=20)
        assert await beside.state() is JobState.ACTIVE
        gate.touch()
        await beside.result(timeout=20)
        assert (await (await queues.enqueue(Grind(text="again"))).result(timeout=20)).text == "again"
    assert not sessions_of({int(pid) for pid in started.read_text().split()})


async def test_a_job_whose_child_died_is_tried_again_as_its_retry_says(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        handle = await queues.enqueue(GrindTwice(act="kill once"))
        await handle.result(timeout=20)
        assert (await handle.record()).attempts_made == 2


@pytest.mark.parametrize("act", ["close stdout", "fork"])
async def test_what_a_handler_does_to_its_process_does_not_reach_the_worker(
    broker: EmbeddedBroker, prefix: str, act: str
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        for _ in range(3):
            await (await queues.enqueue(Grind(act=act))).result(timeout=20)
        assert (await (await queues.enqueue(Grind(text="again"))).result(timeout=20)).text == "again"


async def test_a_child_that_takes_too_much_memory_is_killed(broker: EmbeddedBroker, prefix: str) -> None:
    settings = replace(QUICK, child_memory_limit=150_000_000)
    async with running_mill(broker.url, prefix, settings) as queues:
        handle = await queues.enqueue(Grind(act="eat"))
        with pytest.raises(JobFailed, match=r"MemoryLimitExceeded: .* may take 150,000,000"):
            await handle.result(timeout=30)
        await (await queues.enqueue(Grind())).result(timeout=20)


async def test_a_child_is_replaced_after_so_many_jobs(broker: EmbeddedBroker, prefix: str) -> None:
    settings = replace(QUICK, child_job_limit=2, child_processes=1)
    async with running_mill(broker.url, prefix, settings) as queues:
        pids = [(await (await queues.enqueue(Grind())).result(timeout=20)).pid for _ in range(4)]
        assert pids[0] == pids[1] != pids[2] == pids[3]
        await eventually(lambda: not is_alive(pids[0]))


async def test_a_child_past_its_timeout_is_cancelled_and_then_killed(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with running_mill(broker.url, prefix) as queues:
        gentle = await queues.enqueue(GrindBriefly(act="wait for cancellation"))
        deaf = await queues.enqueue(GrindBriefly(act="spin"))
        for handle in (gentle, deaf):
            with pytest.raises(JobFailed, match=r"JobTimedOut: the handler did not end within 0\.5 s"):
                await handle.result(timeout=20)
        await (await queues.enqueue(Grind())).result(timeout=20)


async def test_a_cancelled_child_may_clean_up(broker: EmbeddedBroker, prefix: str, tmp_path: Path) -> None:
    async with running_mill(broker.url, prefix) as queues:
        traces = tmp_path / "traces"
        handle = await queues.enqueue(Grind(act="give way", text=str(traces), file=str(tmp_path / "started")))
        await eventually((tmp_path / "started").exists)
        await handle.cancel()
        with pytest.raises(JobFailed, match="cancelled"):
            await handle.result(timeout=20)
        assert traces.read_text() == "cleaned up"


async def test_the_jobs_of_a_stopped_worker_are_handed_back_and_its_children_gone(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    async with running_mill(broker.url, prefix, replace(QUICK, grace=0.0)) as queues:
        handle = await queues.enqueue(Grind(act="spin", file=str(started)))
        await eventually(started.exists)
    assert not children()
    async with running_mill(broker.url, prefix) as queues:
        again = queues.handle(Grind, handle.job_id)
        record = await again.record()
        assert (record.attempts_made, record.stalled_count) == (0, 0)
        await again.cancel()


async def test_a_worker_takes_no_more_jobs_than_it_may_have_children(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with running_mill(broker.url, prefix, replace(QUICK, concurrency=10), millers) as queues:
        handles = [await queues.enqueue(Grind(act="hold on", text=str(gate))) for _ in range(6)]
        await eventually(lambda: len(children()) == 2)
        counts = (await queues.inspect(mill).counts()).by_state
        assert (counts[JobState.ACTIVE], counts[JobState.WAITING]) == (2, 4)
        gate.touch()
        for handle in handles:
            await handle.result(timeout=30)


async def test_a_job_that_waits_for_a_child_keeps_its_lock_and_its_time(
    broker: EmbeddedBroker, prefix: str, tmp_path: Path
) -> None:
    gate, started = tmp_path / "gate", tmp_path / "started"
    settings = replace(QUICK, child_processes=1, lock_duration=1.0, stalled_interval=0.2)
    async with running_mill(broker.url, prefix, settings) as queues:
        first = await queues.enqueue(Grind(act="hold on", text=str(gate), file=str(started)))
        await eventually(started.exists)
        waiting = await queues.enqueue(GrindBriefly(text="corn"))
        await eventually(lambda: is_in(waiting, JobState.ACTIVE))
        since = time.monotonic()
        await eventually(lambda: time.monotonic() - since > 1.5)
        gate.touch()
        await first.result(timeout=20)
        assert (await waiting.result(timeout=20)).text == "corn"
        record = await waiting.record()
        assert (record.attempts_started, record.stalled_count) == (1, 0)
