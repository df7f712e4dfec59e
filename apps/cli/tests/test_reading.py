"""`toril queues`, `toril jobs`, `toril job`."""

import asyncio
import json
from pathlib import Path

import pytest

from support.command_line import Toril
from support.jobs import Paint, PaintOnce
from support.workshop import workshop
from toril.backend import JobFailed
from toril.bull.embedded import EmbeddedBroker
from toril.bull.thread_connection import ThreadConnection


@pytest.fixture
def worked(broker: EmbeddedBroker, prefix: str) -> dict[str, str]:
    """The ids of a job that was completed, one that failed and one that waits for an hour."""

    async def work() -> dict[str, str]:
        async with workshop(broker.url, prefix) as queues:
            completed = await queues.enqueue(Paint(colour="red"))
            await completed.result(timeout=10)
            failed = await queues.enqueue(PaintOnce(colour="transparent"))
            with pytest.raises(JobFailed):
                await failed.result(timeout=10)
            delayed = await queues.enqueue(Paint(colour="\x1b[31mgreen"), delay=3600)
        return {"completed": completed.job_id, "failed": failed.job_id, "delayed": delayed.job_id}

    return asyncio.run(work())


def test_queues_are_listed_with_their_counts(toril: Toril, worked: dict[str, str]):
    listed = toril("queues", "--json")

    assert listed.exit_code == 0
    assert json.loads(listed.stdout) == {
        "queue": "paint",
        "paused": False,
        "counts": {
            "waiting": 0,
            "active": 0,
            "prioritized": 0,
            "delayed": 1,
            "waiting_children": 0,
            "completed": 1,
            "failed": 1,
        },
    }


def test_queues_without_json_are_lines_of_columns(toril: Toril, worked: dict[str, str]):
    assert toril("queues").stdout.splitlines() == [
        "QUEUE\tWAITING\tACTIVE\tPRIORITIZED\tDELAYED\tCHILDREN\tCOMPLETED\tFAILED",
        "paint\t0\t0\t0\t1\t0\t1\t1",
    ]


def test_a_paused_queue_says_so(toril: Toril, worked: dict[str, str], broker: EmbeddedBroker, prefix: str):
    with ThreadConnection.open(broker.url) as connection:
        connection.execute("HSET", f"{prefix}:paint:meta", "paused", 1)

    assert toril("queues").stdout.splitlines()[1].startswith("paint (paused)\t")
    assert json.loads(toril("queues", "--json").stdout)["paused"] is True


def test_no_queues_is_a_note_and_no_error(toril: Toril, prefix: str):
    listed = toril("queues")

    assert (listed.exit_code, listed.stdout) == (0, "")
    assert listed.stderr == f"no queues below the prefix {prefix!r}\n"


def test_jobs_of_a_state_are_listed_with_what_matters_in_it(toril: Toril, worked: dict[str, str]):
    failed = toril("jobs", "paint", "--state", "failed").stdout.splitlines()

    assert failed[0] == "ID\tNAME\tTRIES\tAGE\tREASON"
    job_id, name, tries, _, reason = failed[1].split("\t")
    assert (job_id, name, tries) == (worked["failed"], "paint-once", "1/1")
    assert reason.endswith("nobody would see it")
    assert '"colour":"red"' in toril("jobs", "paint", "--state", "completed").stdout


def test_jobs_as_json_are_one_object_a_line(toril: Toril, worked: dict[str, str]):
    [line] = toril("jobs", "paint", "--state", "delayed", "--json").stdout.splitlines()

    job = json.loads(line)
    assert job["id"] == worked["delayed"]
    assert job["data"]["colour"] == "\x1b[31mgreen"
    assert job["delay"] == 3600


def test_what_a_producer_wrote_cannot_steer_the_terminal(toril: Toril, worked: dict[str, str]):
    for shown in (toril("jobs", "paint", "-s", "delayed"), toril("job", "paint", worked["delayed"])):
        assert shown.exit_code == 0
        assert "\x1b" not in shown.stdout


def test_a_page_of_many_jobs_says_how_many_there_are(toril: Toril):
    for number in range(3):
        toril("enqueue", "support.jobs:Mix", json.dumps({"answer": str(number)}))

    page = toril("jobs", "paint", "--limit", "1", "--offset", "1")
    newest = toril("jobs", "paint", "--limit", "1", "--newest", "--json")

    assert [line.split("\t")[0] for line in page.stdout.splitlines()] == ["ID", "2"]
    assert page.stderr == "2 to 2 of 3 waiting jobs; --offset and --limit show others\n"
    assert json.loads(newest.stdout)["id"] == "3"


def test_a_state_without_jobs_is_a_note(toril: Toril, worked: dict[str, str]):
    assert toril("jobs", "paint").stderr == "queue 'paint' has no waiting jobs\n"


def test_a_queue_that_nobody_has_used_is_not_found(toril: Toril, prefix: str):
    missing = toril("jobs", "paint")

    assert missing.exit_code == 6
    assert missing.stderr == (
        f"error: there is no queue 'paint' below the prefix {prefix!r}; `toril queues` lists all\n"
    )


def test_a_job_is_shown_with_its_log(toril: Toril, worked: dict[str, str]):
    shown = toril("job", "paint", worked["completed"]).stdout

    assert "state     completed\n" in shown
    assert 'data\n{\n  "colour": "red",' in shown
    assert 'result\n{\n  "colour": "red",' in shown
    assert shown.endswith("log\nattempt 1\n")


def test_a_failed_job_is_shown_with_its_stack(toril: Toril, worked: dict[str, str]):
    shown = toril("job", "paint", worked["failed"]).stdout

    assert "stack of failure 1\nTraceback (most recent call last):" in shown


def test_a_job_as_json_has_everything(toril: Toril, worked: dict[str, str]):
    job = json.loads(toril("job", "paint", worked["completed"], "--json").stdout)

    assert job["result"] == {"colour": "red", "attempt": 1}
    assert job["logs"] == ["attempt 1"]
    assert job["state"] == "completed"


def test_a_job_that_is_not_there_is_not_found(toril: Toril, worked: dict[str, str]):
    missing = toril("job", "paint", "no-such-job")

    assert missing.exit_code == 6
    assert missing.stderr.startswith("error: queue 'paint' has no job 'no-such-job'")


@pytest.mark.parametrize("command", [["queues"], ["jobs", "paint"], ["job", "paint", "1"]])
def test_reading_starts_no_broker(bare_toril: Toril, folder: Path, command: list[str]):
    refused = bare_toril(*command)

    assert refused.exit_code == 3
    assert refused.stderr == (
        f"error: no broker runs in {folder}/.toril: start one with `toril broker`, "
        "or name yours with --url or TORIL_REDIS_URL\n"
    )
    assert not (folder / ".toril").exists()


def test_reading_joins_the_broker_of_the_data_folder(bare_toril: Toril, folder: Path):
    with EmbeddedBroker(folder / ".toril"):
        assert bare_toril("queues").exit_code == 0


@pytest.mark.parametrize(
    ("url", "exit_code", "reason"),
    [
        ("unix:///nowhere/redis.sock", 3, "error: Redis at /nowhere/redis.sock is not available: "),
        ("http://:secret@host", 2, "error: the Redis URL is not valid: "),
    ],
)
def test_a_broker_that_cannot_be_reached_is_one_line(
    bare_toril: Toril, url: str, exit_code: int, reason: str
):
    refused = bare_toril("queues", "--url", url)

    assert refused.exit_code == exit_code
    assert refused.stderr.startswith(reason)
    assert refused.stderr.count("\n") == 1
    assert "secret" not in refused.stderr


def test_a_queue_name_that_cannot_be_one_is_bad_input(toril: Toril):
    refused = toril("jobs", "a:b")

    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
