"""The commands that steer: pause, resume, limit, retry, promote, cancel, remove, clean, drain, obliterate."""

import asyncio
import json
from collections.abc import Callable

import pytest

from support.command_line import Toril
from support.jobs import Paint, PaintOnce
from support.waiting import eventually
from support.worker_process import worker_process
from support.workshop import is_in, workshop
from toril.backend import JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.bull.thread_connection import ThreadConnection
from toril.cli import steering
from toril.types import JobState

Count = Callable[[str], int]
DESTROYING = [["drain"], ["clean"], ["obliterate"], ["remove", "1"], ["cancel", "1"]]


@pytest.fixture
def count(toril: Toril) -> Count:
    """How many jobs of the queue are in a state."""
    return lambda state: json.loads(toril("queues", "--json").stdout)["counts"][state]


@pytest.fixture
def filled(broker: EmbeddedBroker, prefix: str) -> list[str]:
    """The ids of three jobs that wait, one that is delayed and one with a priority."""

    async def add() -> list[str]:
        async with QueueService.connect(broker.url, prefix=prefix) as queues:
            handles = list(await queues.enqueue_many(Paint(colour="red") for _ in range(3)))
            handles.append(await queues.enqueue(Paint(colour="red"), delay=3600))
            handles.append(await queues.enqueue(Paint(colour="red"), priority=3))
            return [handle.job_id for handle in handles]

    return asyncio.run(add())


@pytest.fixture
def ended(broker: EmbeddedBroker, prefix: str) -> dict[str, str]:
    """The ids of a job that was completed and of one that failed."""

    async def work() -> dict[str, str]:
        async with workshop(broker.url, prefix) as queues:
            completed = await queues.enqueue(Paint(colour="red"))
            await completed.result(timeout=10)
            failed = await queues.enqueue(PaintOnce(colour="transparent"))
            with pytest.raises(JobFailed):
                await failed.result(timeout=10)
        return {"completed": completed.job_id, "failed": failed.job_id}

    return asyncio.run(work())


def test_a_queue_is_paused_and_goes_on(toril: Toril, filled: list[str]):
    paused = toril("pause", "paint")

    assert (paused.exit_code, paused.stdout, paused.stderr) == (0, "", "queue 'paint' is paused\n")
    assert json.loads(toril("queues", "--json").stdout)["paused"] is True
    assert json.loads(toril("resume", "paint", "--json").stdout) == {"queue": "paint", "paused": False}
    assert json.loads(toril("queues", "--json").stdout)["paused"] is False


def test_limits_are_set_shown_and_lifted(toril: Toril, filled: list[str]):
    shown = toril("limit", "paint", "--concurrency", "5", "--rate", "100/60")
    assert shown.stdout.splitlines() == [
        "concurrency  5 jobs at once",
        "rate         100 jobs in 60 s",
        "held back    no",
    ]

    held = json.loads(toril("limit", "paint", "--hold", "60", "--json").stdout)
    assert held.pop("held_for") > 30
    assert held == {"queue": "paint", "concurrency": 5, "rate": {"jobs": 100, "seconds": 60.0}}

    lifted = toril("limit", "paint", "--no-concurrency", "--no-rate", "--release", "--json")
    assert json.loads(lifted.stdout) == {"queue": "paint", "concurrency": None, "rate": None, "held_for": 0.0}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--concurrency", "0"],
        ["--concurrency", "2", "--no-concurrency"],
        ["--rate", "fast"],
        ["--rate", "0/60"],
        ["--rate", "5/nan"],
        ["--hold", "-1"],
        ["--hold", "5", "--release"],
    ],
)
def test_a_limit_that_limits_nothing_is_refused(toril: Toril, filled: list[str], arguments: list[str]):
    assert toril("limit", "paint", *arguments).exit_code == 2


def test_jobs_that_wait_are_cancelled(toril: Toril, filled: list[str], count: Count):
    cancelled = toril("cancel", "paint", filled[0], filled[3], filled[3], "--yes")

    assert cancelled.exit_code == 6
    assert cancelled.stdout.split() == [filled[0], filled[3]]
    assert cancelled.stderr.startswith(f"error: queue 'paint' has no job '{filled[3]}'")
    assert (count("waiting"), count("delayed")) == (2, 0)


def test_a_job_that_runs_is_told_to_end(toril: Toril, broker: EmbeddedBroker, prefix: str):
    async def run_and_cancel() -> None:
        async with (
            QueueService.connect(broker.url, prefix=prefix) as queues,
            worker_process(broker.url, prefix),
        ):
            handle = await queues.enqueue(Paint(colour="red", seconds=60))
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
            cancelled = await asyncio.to_thread(toril, "cancel", "paint", handle.job_id, "--yes")
            assert cancelled.stdout == f"{handle.job_id}\n"
            assert cancelled.stderr == f"job {handle.job_id} runs: its worker has been told\n"
            with pytest.raises(JobFailed, match="cancelled"):
                await handle.result(timeout=20)

    asyncio.run(run_and_cancel())


def test_failed_jobs_are_retried_by_their_ids(toril: Toril, ended: dict[str, str], count: Count):
    retried = toril("retry", "paint", ended["failed"])

    assert (retried.exit_code, retried.stdout) == (0, f"{ended['failed']}\n")
    assert count("waiting") == 1


def test_what_refuses_is_told_and_the_others_are_done(toril: Toril, ended: dict[str, str], count: Count):
    told = toril("retry", "paint", "ghost", ended["failed"], ended["failed"], ended["completed"])

    assert told.exit_code == 6
    assert told.stdout.split() == [ended["failed"], ended["completed"]]
    [missing, waiting] = told.stderr.splitlines()
    assert missing.startswith("error: queue 'paint' has no job 'ghost'")
    assert waiting.endswith("cannot be retried: it is waiting")

    lines = toril("retry", "paint", ended["failed"], "--json")
    assert lines.exit_code == 8
    assert json.loads(lines.stdout)["done"] is False


def test_all_jobs_of_a_state_are_retried(toril: Toril, ended: dict[str, str], count: Count):
    assert toril("retry", "paint", "--all").stderr == "1 jobs are to run again\n"
    again = toril("retry", "paint", "--all", "--state", "completed", "--json")
    assert json.loads(again.stdout) == {"queue": "paint", "state": "completed", "retried": 1}
    assert count("waiting") == 2


@pytest.mark.parametrize("command", ["retry", "promote"])
@pytest.mark.parametrize("arguments", [[], ["1", "--all"]])
def test_it_must_be_said_which_jobs(toril: Toril, filled: list[str], command: str, arguments: list[str]):
    refused = toril(command, "paint", *arguments)

    assert refused.exit_code == 2
    assert refused.stderr.startswith("error: say which jobs")


def test_delayed_jobs_are_promoted(toril: Toril, filled: list[str], count: Count):
    assert toril("promote", "paint", filled[3]).stdout == f"{filled[3]}\n"
    assert toril("promote", "paint", filled[3]).exit_code == 8
    assert count("delayed") == 0
    assert json.loads(toril("promote", "paint", "--all", "--json").stdout) == {
        "queue": "paint",
        "promoted": 0,
    }


def test_jobs_are_removed_by_their_ids(toril: Toril, filled: list[str], count: Count):
    removed = toril("remove", "paint", filled[0], "ghost", filled[3], "--yes")

    assert removed.exit_code == 6
    assert removed.stdout.split() == [filled[0], filled[3]]
    assert (count("waiting"), count("delayed")) == (2, 0)


def test_a_job_that_a_worker_holds_is_not_removed(
    toril: Toril, filled: list[str], broker: EmbeddedBroker, prefix: str
):
    with ThreadConnection.open(broker.url) as connection:
        connection.execute("SET", f"{prefix}:paint:{filled[0]}:lock", "token")

    refused = toril("remove", "paint", filled[0], "--yes")

    assert refused.exit_code == 8
    assert "a worker holds it" in refused.stderr


def test_old_jobs_are_cleaned_away(toril: Toril, ended: dict[str, str], count: Count):
    assert toril("clean", "paint", "--older-than", "3600", "--yes").stdout == ""

    cleaned = toril("clean", "paint", "--yes")
    assert (cleaned.stdout, cleaned.stderr) == (f"{ended['completed']}\n", "1 jobs removed\n")
    failed = toril("clean", "paint", "--state", "failed", "--limit", "5", "--yes", "--json")
    assert json.loads(failed.stdout) == {"queue": "paint", "state": "failed", "removed": [ended["failed"]]}
    assert count("completed") + count("failed") == 0


def test_a_queue_is_drained(toril: Toril, filled: list[str], count: Count):
    assert toril("drain", "paint", "--yes").stderr == "4 jobs removed\n"
    assert count("delayed") == 1
    assert json.loads(toril("drain", "paint", "--delayed", "--yes", "--json").stdout) == {
        "queue": "paint",
        "removed": 1,
    }


def test_a_queue_is_obliterated_once_it_is_paused(toril: Toril, filled: list[str]):
    refused = toril("obliterate", "paint", "--yes")
    assert refused.exit_code == 8
    assert "pause it" in refused.stderr

    toril("pause", "paint")
    assert toril("obliterate", "paint", "--yes").stderr == "queue 'paint' is no more\n"
    assert toril("queues", "--json").stdout == ""


@pytest.mark.parametrize("command", DESTROYING, ids=" ".join)
def test_nothing_is_destroyed_where_nobody_can_be_asked(
    toril: Toril, filled: list[str], command: list[str], count: Count
):
    toril("pause", "paint")
    name, *ids = command
    refused = toril(name, "paint", *ids)

    assert refused.exit_code == 2
    assert refused.stderr.endswith("confirm it with --yes; nothing was changed\n")
    assert count("waiting") == 3


@pytest.mark.parametrize("command", DESTROYING, ids=" ".join)
@pytest.mark.parametrize(("answer", "exit_code"), [("n\n", 1), ("\n", 1), ("", 1), ("y\n", 0)])
def test_on_a_terminal_it_is_asked(
    toril: Toril,
    filled: list[str],
    monkeypatch: pytest.MonkeyPatch,
    command: list[str],
    answer: str,
    exit_code: int,
):
    monkeypatch.setattr(steering, "can_ask", lambda: True)
    toril("pause", "paint")
    name, *ids = command
    asked = toril(name, "paint", *ids, stdin=answer)

    assert asked.exit_code == exit_code
    assert "? [y/N]" in asked.stderr
    assert ("nothing was changed" in asked.stderr) is bool(exit_code)


@pytest.mark.parametrize(
    "command",
    [
        ["pause"],
        ["resume"],
        ["limit"],
        ["retry", "--all"],
        ["promote", "1"],
        *[[*c, "--yes"] for c in DESTROYING],
    ],
    ids=" ".join,
)
def test_a_queue_that_nobody_has_used_is_not_steered(toril: Toril, command: list[str]):
    name, *others = command
    missing = toril(name, "paint", *others)

    assert missing.exit_code == 6
    assert missing.stderr.startswith("error: there is no queue 'paint'")
