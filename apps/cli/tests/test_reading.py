"""`toril queues`, `toril jobs`, `toril job`."""

import asyncio
import json
import time
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
    told = json.loads(listed.stdout)
    assert {state for state, age in told.pop("oldest").items() if 0 <= age < 600} == {
        "delayed",
        "completed",
        "failed",
    }
    assert told == {
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
        "concurrency": None,
        "rate_limit": None,
        "rate_limited_for": 0.0,
    }


def test_queues_without_json_are_lines_of_columns(toril: Toril, worked: dict[str, str]):
    assert toril("queues").stdout.splitlines() == [
        "QUEUE\tWAITING\tACTIVE\tPRIORITIZED\tDELAYED\tCHILDREN\tCOMPLETED\tFAILED\tOLDEST\tLIMITS",
        "paint\t0\t0\t0\t1\t0\t1\t1\t-\t-",
    ]


def test_a_queue_says_how_it_is_held_and_for_how_long_its_oldest_job_waits(
    toril: Toril, broker: EmbeddedBroker, prefix: str
):
    two_hours_ago = round((time.time() - 7_300) * 1000)
    with ThreadConnection.open(broker.url) as connection:
        for key, *fields in [
            ("meta", "paused", 1, "concurrency", 3, "max", 5, "duration", 60_000),
            ("1", "timestamp", two_hours_ago),
        ]:
            connection.execute("HSET", f"{prefix}:paint:{key}", *fields)
        connection.execute("LPUSH", f"{prefix}:paint:wait", "1")
        connection.execute("SET", f"{prefix}:paint:limiter", 5, "EX", 9_000)

    assert toril("queues").stdout.splitlines()[1].split("\t")[-2:] == [
        "2 h",
        "paused, 3 at once, 5 per 60 s, full for 2 h",
    ]
    told = json.loads(toril("queues", "--json").stdout)
    assert told["paused"] is True
    assert told["concurrency"] == 3
    assert told["rate_limit"] == {"jobs": 5, "duration": 60.0}
    assert 8_000 < told["rate_limited_for"] <= 9_000
    assert 7_300 <= told["oldest"]["waiting"] < 8_000


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


def test_jobs_of_several_states_say_in_which_they_are(toril: Toril, worked: dict[str, str]):
    listed = toril("jobs", "paint", "-s", "failed", "-s", "completed", "--limit", "2", "--oldest-first")

    rows = [line.split("\t") for line in listed.stdout.splitlines()]
    assert rows[0] == ["STATE", "ID", "NAME", "TRIES", "AGE", "DETAIL"]
    assert [row[:2] for row in rows[1:]] == [
        ["failed", worked["failed"]],
        ["completed", worked["completed"]],
    ]
    assert listed.stderr == ""


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
    newest = toril("jobs", "paint", "--limit", "1", "--newest-first", "--json")

    assert [line.split("\t")[0] for line in page.stdout.splitlines()] == ["ID", "2"]
    assert page.stderr == "2 to 2 of 3 waiting jobs; --offset and --limit show others\n"
    assert json.loads(newest.stdout)["id"] == "3"


def test_a_state_without_jobs_is_a_note(toril: Toril, worked: dict[str, str]):
    assert toril("jobs", "paint").stderr == "queue 'paint' has no waiting jobs\n"


@pytest.mark.parametrize("command", ["jobs", "workers", "metrics"])
def test_a_queue_that_nobody_has_used_is_not_found(toril: Toril, prefix: str, command: str):
    missing = toril(command, "paint")

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


def test_a_job_is_shown_with_its_children(
    toril: Toril, worked: dict[str, str], broker: EmbeddedBroker, prefix: str
):
    key = f"{prefix}:paint:{worked['delayed']}"
    with ThreadConnection.open(broker.url) as connection:
        connection.execute("SADD", f"{key}:dependencies", "a", "b")
        connection.execute("HSET", f"{key}:processed", "c", "1")

    assert "children  1 processed, 2 unprocessed\n" in toril("job", "paint", worked["delayed"]).stdout
    told = json.loads(toril("job", "paint", worked["delayed"], "--json").stdout)
    assert told["children"] == {"processed": 1, "unprocessed": 2, "ignored": 0, "failed": 0}


def test_a_log_that_is_too_long_says_so(
    toril: Toril, worked: dict[str, str], broker: EmbeddedBroker, prefix: str
):
    with ThreadConnection.open(broker.url) as connection:
        connection.execute("RPUSH", f"{prefix}:paint:{worked['delayed']}:logs", *range(1_200))

    shown = toril("job", "paint", worked["delayed"])
    assert shown.stdout.endswith("\n999\n")
    assert shown.stderr == "the log has 1200 lines; these are the first 1000\n"


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


@pytest.mark.parametrize(
    "command",
    [
        ["queues"],
        ["workers", "paint"],
        ["jobs", "paint"],
        ["job", "paint", "1"],
        ["events", "paint"],
        ["metrics", "paint"],
    ],
    ids=lambda command: command[0],
)
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
