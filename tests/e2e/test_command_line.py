"""The command `toril` as people run it: processes of their own, on a broker of their own."""

import json
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest

from support.command_line import CommandProcess
from support.household import Start, add, processes_in
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.types import JobState

pytestmark = pytest.mark.timeout(120)

TARGET = "household:handlers"


@contextmanager
def working(toril: Start, *options: str) -> Iterator[CommandProcess]:
    with toril("worker", TARGET, "--queue", "chores", *options) as worker:
        yield worker


async def state(url: str, job_id: str) -> JobState | None:
    async with await Connection.open(url) as connection:
        return await QueueInspector(connection, QueueKeys("chores")).state(job_id)


async def begun(url: str, job_id: str) -> bool:
    async with await Connection.open(url) as connection:
        return bool((await QueueInspector(connection, QueueKeys("chores")).logs(job_id)).lines)


async def test_a_worker_told_to_end_finishes_what_runs(toril: Start, url: str, folder: Path):
    job_id = await add(toril, "rest")
    with working(toril) as worker:
        await eventually(lambda: begun(url, job_id))
        worker.send(signal.SIGTERM)
        await eventually(lambda: "worker stopping" in worker.log)
        (folder / "rested").touch()

        assert worker.exit_code() == 0, worker.log
    assert await state(url, job_id) is JobState.COMPLETED


async def test_what_outlasts_the_grace_goes_back_to_the_queue(toril: Start, url: str):
    job_id = await add(toril, "hang")
    with working(toril, "--grace", "0") as worker:
        await eventually(lambda: begun(url, job_id))
        worker.send(signal.SIGTERM)

        assert worker.exit_code() == 0, worker.log
    assert await state(url, job_id) is JobState.WAITING


async def test_a_second_ctrl_c_puts_everything_back_at_once(toril: Start, url: str):
    job_id = await add(toril, "hang")
    with working(toril) as worker:
        await eventually(lambda: begun(url, job_id))
        worker.interrupt_all()
        await eventually(lambda: "worker stopping" in worker.log)
        worker.interrupt_all()

        assert worker.exit_code() == 0, worker.log
        assert "Traceback" not in worker.log
    assert await state(url, job_id) is JobState.WAITING


@pytest.mark.parametrize("does", ["cling", "block"])
async def test_handlers_that_will_not_stop_do_not_keep_the_process(toril: Start, url: str, does: str):
    job_id = await add(toril, does)
    with working(toril) as worker:
        await eventually(lambda: begun(url, job_id))
        for heard in ("draining", "stopping at once", "ended by force"):
            has_heard = partial(lambda heard: heard in worker.log, heard)
            worker.send(signal.SIGTERM)
            try:
                await eventually(has_heard, timeout=5)
            except AssertionError:
                # A signal that comes just before a blocking call is told of when that call ends, or with
                # the next signal: both are heard as one.
                worker.send(signal.SIGTERM)
                await eventually(has_heard)

        assert worker.exit_code() == 7
    assert await state(url, job_id) is JobState.ACTIVE  # its lock runs out, and another worker takes it


async def test_a_worker_keeps_the_rate_it_is_told_and_counts_what_ends(toril: Start, url: str):
    first, second = await add(toril), await add(toril)
    with working(toril, "--limit", "1/3600", "--metrics", "60", "--concurrency", "5") as worker:
        await eventually(lambda: ended(url, first))
        worker.send(signal.SIGTERM)
        assert worker.exit_code() == 0, worker.log
    assert await state(url, second) is JobState.WAITING
    async with await Connection.open(url) as connection:
        assert await connection.execute("HGET", "bull:chores:metrics:completed", "count") == b"1"


async def ended(url: str, job_id: str) -> bool:
    return await state(url, job_id) is JobState.COMPLETED


async def test_one_process_works_on_every_queue_that_the_handlers_serve(toril: Start, url: str):
    with toril("worker", TARGET) as worker:
        for contract in ("Chore", "Errand"):
            with toril("enqueue", f"household:{contract}", "{}", "--timeout", "30") as waiting:
                assert waiting.exit_code() == 0, waiting.log + worker.log
                assert waiting.stdout == '"done"\n'
        worker.send(signal.SIGTERM)

        assert worker.exit_code() == 0


async def test_without_a_broker_a_worker_has_one_of_its_own_and_ends_it(toril: Start, folder: Path):
    with working(toril) as worker:
        await eventually(lambda: "worker started" in worker.log)
        assert f"using the embedded broker data={folder}/.toril" in worker.log
        with toril("enqueue", "household:Chore", "{}", "--timeout", "30") as waiting:
            assert waiting.exit_code() == 0, waiting.log
        worker.send(signal.SIGTERM)

        assert worker.exit_code() == 0
    assert EmbeddedBroker.running(folder / ".toril") is None


async def test_a_worker_logs_json_lines_if_asked_even_of_what_stops_it(toril: Start, url: str):
    with working(toril, "--json") as worker:
        await eventually(lambda: "worker started" in worker.log)
        worker.send(signal.SIGTERM)
        assert worker.exit_code() == 0
        events = [json.loads(line) for line in worker.log.splitlines()]
    with toril("worker", "nowhere:handlers", LOG_FORMAT="json") as refused:
        assert refused.exit_code() == 2
        events.append(json.loads(refused.log))

    assert "worker started" in [event["event"] for event in events]
    assert {"event", "level", "timestamp"} <= events[0].keys()
    assert events[-1]["level"] == "error"
    assert events[-1]["event"].startswith("nowhere:handlers: there is no module 'nowhere'")


async def test_a_broker_that_is_not_there_is_one_line(toril: Start):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"redis://:secret@127.0.0.1:{unused.getsockname()[1]}"
        for processes in ("1", "2"):
            with working(toril, "--url", url, "--processes", processes) as worker:
                assert worker.exit_code() == 3
                assert worker.log.startswith("error: Redis at 127.0.0.1:")
                assert worker.log.count("\n") == 1
                assert "secret" not in worker.log


async def test_a_worker_waiting_for_its_broker_can_be_stopped(toril: Start):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        with working(toril, "--url", f"redis://127.0.0.1:{mute.getsockname()[1]}") as worker:
            dialled, _ = mute.accept()
            with dialled:
                worker.send(signal.SIGTERM)
                assert worker.exit_code() == 0
            assert "stopped before it was connected" in worker.log


async def members(supervisor: CommandProcess, count: int) -> list[psutil.Process]:
    """The processes of the supervisor, once so many work."""
    await eventually(lambda: supervisor.log.count("worker started") >= count, timeout=40)
    return psutil.Process(supervisor.pid).children()


async def test_several_processes_drain_together_on_one_ctrl_c(toril: Start, url: str, folder: Path):
    jobs = [await add(toril, "rest") for _ in range(2)]
    with working(toril, "--processes", "2", "--name", "twin") as supervisor:
        both = await members(supervisor, 2)
        for job_id in jobs:
            await eventually(lambda: begun(url, job_id))  # noqa: B023 - awaited here
        supervisor.interrupt_all()
        await eventually(lambda: supervisor.log.count("worker stopping") == 2)
        (folder / "rested").touch()

        assert supervisor.exit_code() == 0, supervisor.log
        assert len(both) == 2
        assert {"worker=twin-1", "worker=twin-2"} <= set(supervisor.log.split())
        assert "stopping at once" not in supervisor.log  # each has heard of it once
    assert [await state(url, job_id) for job_id in jobs] == [JobState.COMPLETED] * 2
    assert processes_in(folder) == []


async def test_a_process_that_crashes_is_started_again(toril: Start, url: str):
    with working(toril, "--processes", "2") as supervisor:
        [first, _] = await members(supervisor, 2)
        first.kill()
        await members(supervisor, 3)
        assert "process crashed" in supervisor.log
        supervisor.send(signal.SIGTERM)

        assert supervisor.exit_code() == 0, supervisor.log


async def test_processes_end_when_their_supervisor_is_killed(toril: Start, url: str, folder: Path):
    with working(toril, "--processes", "2") as supervisor:
        await members(supervisor, 2)
        supervisor.send(signal.SIGKILL)
        supervisor.exit_code()

        await eventually(lambda: not processes_in(folder))


async def test_processes_that_cannot_work_are_not_started_again(toril: Start, url: str, folder: Path):
    (folder / "broken.py").write_text("import nowhere")
    with toril("worker", "broken:handlers", "--processes", "2") as supervisor:
        assert supervisor.exit_code() == 2, supervisor.log
        assert "importing broken failed" in supervisor.log
        assert "restart_in" not in supervisor.log


async def test_waiting_for_a_result_can_be_interrupted(toril: Start, url: str):
    with toril("enqueue", "household:Chore", "{}", "--wait") as waiting:
        await eventually(lambda: "job 1 of queue 'chores'" in waiting.log)
        waiting.interrupt_all()

        assert waiting.exit_code() == 130
        assert waiting.log.splitlines()[1:] == ["interrupted"]
    assert await state(url, "1") is JobState.WAITING


async def test_the_broker_runs_until_it_is_told_to_end_and_keeps_its_jobs(toril: Start, folder: Path):
    for round_number in ("1", "2"):
        with toril("broker") as broker:
            await eventually(lambda: "commands in this folder join it" in broker.log)
            assert await add(toril) == round_number
            with toril("broker") as second:
                assert second.exit_code() == 1
                assert second.log == (
                    f"error: a broker runs in {folder}/.toril already; commands join it by themselves\n"
                )
            broker.send(signal.SIGTERM)

            assert broker.exit_code() == 0
            assert broker.log.endswith("the broker has ended; its jobs are kept\n")
    assert processes_in(folder) == []


async def test_the_brokers_password_is_shown_only_to_who_asks(toril: Start, folder: Path):
    with toril("broker", "--data", "elsewhere", "--port", "0", "--show-url") as broker:
        await eventually(lambda: broker.stdout)
        url = broker.stdout.strip()
        assert url.startswith("redis://:")
        assert f"TORIL_DATA={folder}/elsewhere" in broker.log
        assert "redis://" not in broker.log
        async with await Connection.open(url) as connection:
            assert await connection.execute("PING") == b"PONG"
        broker.interrupt_all()

        assert broker.exit_code() == 0


async def test_a_broker_that_dies_is_a_clear_line(toril: Start, folder: Path):
    with toril("broker") as broker:
        await eventually(lambda: "join it" in broker.log)
        psutil.Process(int((folder / ".toril/broker/broker.pid").read_text())).kill()

        assert broker.exit_code() == 3
        assert broker.log.splitlines()[-1] == (
            f"error: the broker in {folder}/.toril has ended by itself; broker/broker.log in there says why"
        )
