"""`toril events`, `toril workers`, `toril metrics`."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from support.command_line import Toril
from support.jobs import Paint, PaintOnce
from support.workshop import workshop
from toril.backend import JobFailed
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.thread_connection import ThreadConnection
from toril.bull.workers import worker_client_name
from toril.cli.event_lines import event_as_json, event_cells
from toril.types import EventKind, JobEvent, JobState, Progress


@pytest.fixture
def redis(broker: EmbeddedBroker) -> Iterator[ThreadConnection]:
    with ThreadConnection.open(broker.url) as connection:
        yield connection


@pytest.fixture
def worked(broker: EmbeddedBroker, prefix: str) -> None:
    """A queue in which a job was completed and one has failed."""

    async def work() -> None:
        async with workshop(broker.url, prefix) as queues:
            await (await queues.enqueue(Paint(colour="red"))).result(timeout=10)
            failed = await queues.enqueue(PaintOnce(colour="transparent"))
            with pytest.raises(JobFailed):
                await failed.result(timeout=10)

    asyncio.run(work())


@pytest.mark.usefixtures("worked")
def test_events_are_shown_from_the_beginning_if_asked_for(toril: Toril):
    shown = toril("events", "paint", "--after", "0", "--limit", "4")

    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert rows[0] == ["TIME", "EVENT", "JOB", "DETAIL"]
    assert [row[1:] for row in rows[1:]] == [
        ["added", "1", "paint"],
        ["waiting", "1", ""],
        ["active", "1", ""],
        ["completed", "1", '{"colour":"red","attempt":1}'],
    ]


@pytest.mark.usefixtures("worked")
def test_events_as_json_go_on_after_an_id(toril: Toril):
    first = [
        json.loads(line)
        for line in toril("events", "paint", "--after", "0", "-n", "3", "--json").stdout.splitlines()
    ]
    after = toril("events", "paint", "--after", first[-1]["id"], "-n", "1", "--json").stdout

    assert [event["name"] for event in [*first, json.loads(after)]] == [
        "added",
        "waiting",
        "active",
        "completed",
    ]
    assert first[0]["job_name"] == "paint"


@pytest.mark.usefixtures("worked")
def test_events_of_several_queues_say_where_they_happened(toril: Toril, redis: ThreadConnection, prefix: str):
    redis.execute("XADD", f"{prefix}:mix:events", "*", "event", "drained")
    shown = toril("events", "paint", "mix", "--after", "0", "--limit", "5")

    rows = [line.split("\t") for line in shown.stdout.splitlines()]
    assert rows[0] == ["QUEUE", "TIME", "EVENT", "JOB", "DETAIL"]
    assert {row[0] for row in rows[1:]} <= {"paint", "mix"}
    assert shown.stderr == "nobody has used the queue 'mix' yet: waiting for its first event\n"


def test_a_position_that_is_none_is_bad_input(toril: Toril):
    refused = toril("events", "paint", "--after", "yesterday")

    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        "error: after='yesterday': an event's id, as 1700000000000-0, or 0 for all events"
    )


def event(kind: EventKind, **fields: object) -> JobEvent:
    return JobEvent(queue="paint", id="1700000000123-0", kind=kind, name=kind.value, job_id="7", **fields)


DUE = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("told", "detail"),
    [
        (event(EventKind.ADDED, job_name="mix"), "mix"),
        (event(EventKind.DELAYED, due_at=DUE), f"due {DUE.astimezone():%Y-%m-%d %H:%M:%S}"),
        (event(EventKind.PROGRESS, progress=Progress(0.5, "half way", 50)), "50% half way"),
        (event(EventKind.COMPLETED, result="[1]", previous=JobState.ACTIVE), "[1]"),
        (event(EventKind.FAILED, failed_reason="no paint"), "no paint"),
        (event(EventKind.RETRIES_EXHAUSTED, attempts_made=3), "attempts made: 3"),
        (
            event(EventKind.DEDUPLICATED, deduplication_id="colour", deduplicated_job_id="8"),
            "colour holds back job 8",
        ),
        (event(EventKind.CLEANED, cleaned=12), "jobs removed: 12"),
        (event(EventKind.UNKNOWN, fields=(("by", "anna"), ("price", "3"))), "by=anna price=3"),
        (event(EventKind.ACTIVE, previous=JobState.WAITING), ""),
        (event(EventKind.REMOVED, previous=JobState.DELAYED), "was delayed"),
        *((event(kind), "") for kind in EventKind if kind is not EventKind.DEDUPLICATED),
    ],
    ids=lambda value: value.kind if isinstance(value, JobEvent) else None,
)
def test_each_event_says_what_matters_in_it(told: JobEvent, detail: str):
    assert event_cells(told)[-1] == detail
    assert json.loads(json.dumps(event_as_json(told)))["at"] == "2023-11-14T22:13:20.123000+00:00"


def test_workers_are_listed(toril: Toril, broker: EmbeddedBroker, prefix: str):
    name = worker_client_name(QueueKeys("paint", prefix), "berta")
    with ThreadConnection.open(broker.url, client_name=name):
        told = json.loads(toril("workers", "paint", "--json").stdout)
        rows = [line.split("\t") for line in toril("workers", "paint").stdout.splitlines()]

    assert told["name"] == "berta"
    assert 0 <= told["age"] < 600
    assert rows[0] == ["NAME", "ADDRESS", "CONNECTED"]
    assert broker.url.startswith("unix://")
    assert [row[:2] for row in rows[1:]] == [["berta", "this machine"]]


@pytest.mark.usefixtures("worked")
def test_a_queue_without_workers_is_a_note(toril: Toril):
    assert toril("workers", "paint").stderr == "no worker is connected to queue 'paint'\n"


def test_metrics_are_shown_minute_by_minute(toril: Toril, redis: ThreadConnection, prefix: str):
    base = f"{prefix}:paint"
    two_minutes_ago = datetime.now(UTC) - timedelta(minutes=2)
    redis.execute("HSET", f"{base}:meta", "version", "bullmq:6.7.0")
    redis.execute(
        "HSET",
        f"{base}:metrics:completed",
        *("count", 30, "prevTS", round(two_minutes_ago.timestamp() * 1000), "prevCount", 20),
    )
    redis.execute("RPUSH", f"{base}:metrics:completed:data", 5, 0, 15)

    shown = [line.split("\t") for line in toril("metrics", "paint", "--minutes", "10").stdout.splitlines()]
    told = [json.loads(line) for line in toril("metrics", "paint", "--json", "-m", "2").stdout.splitlines()]

    assert shown[0] == ["STATE", "IN ALL", "LAST 10 MIN", "BUSIEST", "MINUTES, NEWEST FIRST"]
    # Another minute may have begun since.
    assert shown[1][:-1] == ["completed", "30", "30", "15"]
    assert shown[1][-1] in ("··▆▃·█····", "···▆▃·█···")
    assert shown[2] == ["failed", "0", "0", "0", "·" * 10]
    assert [(each["state"], each["count"], each["stored_minutes"]) for each in told] == [
        ("completed", 30, 3),
        ("failed", 0, 0),
    ]
    assert [minute["jobs"] for minute in told[0]["minutes"]] == [10, 5, 0]
    assert told[0]["minutes"][0]["minute"] == two_minutes_ago.replace(second=0, microsecond=0).isoformat()


@pytest.mark.usefixtures("worked")
def test_a_queue_whose_jobs_nobody_counts_is_a_note(toril: Toril):
    shown = toril("metrics", "paint")

    assert (shown.exit_code, shown.stdout) == (0, "")
    assert shown.stderr.startswith("no worker has counted the jobs of queue 'paint'")
