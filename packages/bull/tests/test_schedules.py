"""Schedules: what is read of them, what is refused, and where BullMQ's scripts are at fault."""

from datetime import UTC, datetime
from typing import Any

import pytest

from toril.bull.connection import Connection
from toril.bull.errors import ForeignSchedule, ScheduleBusy
from toril.bull.intake import Intake, TakenJob
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.bull.schedules import JobTemplate, QueueSchedules
from toril.types import InvalidSchedule, Schedule
from toril.types.job_options import JobOptions

NOW = 1_700_000_000.0
TEMPLATE = JobTemplate("sweep", b'{"n":1}', JobOptions(attempts=2))
EVERY = Schedule.every(10.0)
DAILY = Schedule.cron("0 3 * * *", tz="Europe/Berlin")


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


@pytest.fixture
def schedules(connection: Connection, keys: QueueKeys) -> QueueSchedules:
    return QueueSchedules(connection, keys)


@pytest.fixture
def continuation(connection: Connection, keys: QueueKeys) -> ScheduleContinuation:
    return ScheduleContinuation(connection, keys)


async def take(connection: Connection, keys: QueueKeys, now: float) -> list[TakenJob]:
    intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
    return (await intake.settle_and_take([], 10, now=now)).jobs


async def ids_to_come(connection: Connection, keys: QueueKeys) -> list[str]:
    waiting = await connection.execute("LRANGE", keys.wait, 0, -1)
    delayed = await connection.execute("ZRANGE", f"{keys.base}delayed", 0, -1)
    prioritized = await connection.execute("ZRANGE", keys.prioritized, 0, -1)
    return [job_id.decode() for job_id in [*waiting, *delayed, *prioritized]]


@pytest.mark.parametrize(
    "schedule",
    [
        DAILY,
        Schedule.cron("*/5 * * * * *", start=at(0), end=at(500), limit=3),
        Schedule.every(10.0, offset=3.0),
        Schedule.every(10.0, offset=0.0, start=at(0), end=at(500), limit=3),
    ],
    ids=repr,
)
async def test_a_schedule_is_read_as_it_was_set(schedules: QueueSchedules, schedule: Schedule) -> None:
    record = await schedules.set("sweep", schedule, TEMPLATE, now=NOW)
    assert (record.id, record.name, record.data, record.schedule) == ("sweep", "sweep", '{"n":1}', schedule)
    assert record.next_run is not None
    milliseconds = round(record.next_run.timestamp() * 1000)
    assert (record.next_job_id, record.runs) == (f"repeat:sweep:{milliseconds}", 1)
    assert await schedules.get("sweep") == record


async def test_schedules_are_listed_in_the_order_of_their_next_runs(schedules: QueueSchedules) -> None:
    for number, start in enumerate((30, 10, 20)):
        await schedules.set(f"s{number}", Schedule.every(60.0, start=at(start)), TEMPLATE, now=NOW)
    assert [record.id for record in await schedules.list()] == ["s1", "s2", "s0"]
    assert [record.id for record in await schedules.list(start=1, limit=1)] == ["s2"]
    assert await schedules.list(limit=0) == []
    assert await schedules.count() == 3
    assert await schedules.get("s9") is None
    assert await schedules.remove("s9") is False


async def test_a_schedule_that_is_over_has_no_next_run(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, continuation: ScheduleContinuation
) -> None:
    await schedules.set("sweep", Schedule.every(10.0, limit=1), TEMPLATE, now=NOW)
    [job] = await take(connection, keys, NOW)
    assert await continuation.continue_after(job.id, "sweep", now=NOW) is None
    intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
    await intake.settle_and_take([Completed(job.id, job.token, b"1")], 0)
    [record] = await schedules.list()
    assert (record.next_run, record.next_job_id, record.runs) == (None, None, 1)


@pytest.mark.parametrize(
    ("field", "schedule_id", "schedule"),
    [
        ("id", "", EVERY),
        ("id", "a:b", EVERY),
        ("id", "\ud83d", EVERY),
        ("end", "sweep", Schedule.every(10.0, end=at(-1))),
        ("pattern", "sweep", Schedule.cron("61 * * * *")),
        ("pattern", "sweep", Schedule.cron("@often")),
        ("pattern", "sweep", Schedule.cron("0 0 31 2 *")),
        ("pattern", "sweep", Schedule.cron("0 0 LW * *")),
        ("pattern", "sweep", Schedule.cron("H 0 * * *")),
        ("pattern", "sweep", Schedule.cron("1,2,1 0 * * *")),
        ("pattern", "sweep", Schedule.cron("0 0 * * 0,7")),
        ("pattern", "sweep", Schedule.cron("0 0 * * 1#1,2#2")),
        ("pattern", "sweep", Schedule.cron("0 3 * * *", end=at(1))),
    ],
    ids=repr,
)
async def test_a_schedule_that_cannot_be_kept_is_refused_and_nothing_is_stored(
    schedules: QueueSchedules, field: str, schedule_id: str, schedule: Schedule
) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        await schedules.set(schedule_id, schedule, TEMPLATE, now=NOW)
    assert refusal.value.field == field
    assert await schedules.count() == 0


@pytest.mark.parametrize("options", [{}, {"priority": 3}], ids=["waiting", "prioritized"])
async def test_the_due_run_of_a_paused_queue_is_replaced(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, options: dict[str, Any]
) -> None:
    """BullMQ looks for it in a list that only its version 5 uses, and leaves two next runs behind."""
    template = TEMPLATE._replace(options=JobOptions(**options))
    await connection.execute("HSET", keys.meta, "paused", 1)
    for _ in range(2):
        record = await schedules.set("sweep", EVERY, template, now=NOW)
    assert await ids_to_come(connection, keys) == [record.next_job_id]


@pytest.mark.parametrize("options", [{}, {"priority": 3}], ids=["waiting", "prioritized"])
async def test_a_removed_schedule_takes_a_run_along_that_is_due(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, options: dict[str, Any]
) -> None:
    """BullMQ removes only one that is delayed."""
    await schedules.set("sweep", EVERY, TEMPLATE._replace(options=JobOptions(**options)), now=NOW)
    assert await schedules.remove("sweep") is True
    assert await ids_to_come(connection, keys) == []
    assert await connection.execute("KEYS", f"{keys.base}repeat*") == []


async def test_a_new_pace_forgets_the_offset_of_the_old_one(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules
) -> None:
    """BullMQ keeps it, and goes by it when runs were missed."""
    await schedules.set("sweep", Schedule.every(60.0, start=at(47)), TEMPLATE, now=NOW)
    await schedules.set("sweep", Schedule.every(10.0), TEMPLATE, now=NOW + 5)
    assert await connection.execute("HGET", f"{keys.base}repeat:sweep", "offset") == b"5000"


async def test_a_schedule_that_cannot_be_set_stays_as_it_was(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules
) -> None:
    """BullMQ removes the next run before it finds out."""
    await schedules.set("sweep", DAILY, TEMPLATE, now=NOW)
    for slot in range(40):
        await connection.execute(
            "HSET", f"{keys.base}repeat:sweep:{round((NOW + 10 * slot) * 1000)}", "name", "a"
        )
    before = await schedules.get("sweep"), await ids_to_come(connection, keys)
    with pytest.raises(ScheduleBusy, match="sweep"):
        await schedules.set("sweep", EVERY, TEMPLATE, now=NOW)
    assert (await schedules.get("sweep"), await ids_to_come(connection, keys)) == before


@pytest.mark.parametrize(
    ("schedule", "step"), [(EVERY, 10), (Schedule.cron("*/10 * * * * *"), 10)], ids=["steady", "cron"]
)
async def test_a_schedule_goes_on_behind_a_job_that_stands_in_its_way(
    connection: Connection,
    keys: QueueKeys,
    schedules: QueueSchedules,
    continuation: ScheduleContinuation,
    schedule: Schedule,
    step: int,
) -> None:
    """BullMQ ends the schedule without a word."""
    record = await schedules.set("sweep", schedule, TEMPLATE, now=NOW)
    assert record.next_run is not None
    due = record.next_run.timestamp()
    await connection.execute("HSET", f"{keys.base}repeat:sweep:{round((due + step) * 1000)}", "name", "a")
    [job] = await take(connection, keys, due)
    assert await continuation.continue_after(job.id, "sweep", now=due) == due + 2 * step


async def test_a_steady_pace_has_no_run_after_its_end(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, continuation: ScheduleContinuation
) -> None:
    """BullMQ adds one more, which runs after the end."""
    await schedules.set("sweep", Schedule.every(10.0, end=at(5)), TEMPLATE, now=NOW)
    [job] = await take(connection, keys, NOW)
    assert await continuation.continue_after(job.id, "sweep", now=NOW) is None
    assert await ids_to_come(connection, keys) == []


async def test_a_pattern_that_only_node_understands_is_left_to_node(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, continuation: ScheduleContinuation
) -> None:
    await schedules.set("sweep", EVERY, TEMPLATE, now=NOW)
    [job] = await take(connection, keys, NOW)
    options = '{"repeat":{"pattern":"FREQ=DAILY;BYHOUR=3","count":1}}'
    await connection.execute("HSET", keys.job(job.id), "opts", options)
    with pytest.raises(ForeignSchedule, match="FREQ=DAILY"):
        await continuation.continue_after(job.id, "sweep", now=NOW)


async def test_a_repeatable_job_of_bullmq_5_is_left_to_node(
    connection: Connection, keys: QueueKeys, continuation: ScheduleContinuation
) -> None:
    await connection.execute("ZADD", f"{keys.base}repeat", 1_700_000_000_000, "sweep::::10000")
    with pytest.raises(ForeignSchedule, match="BullMQ 5"):
        await continuation.continue_after("repeat:0f3a:1700000000000", "sweep::::10000", now=NOW)
    assert await continuation.continue_after("repeat:0f3a:1690000000000", "sweep::::10000", now=NOW) is None


SAME = [
    EVERY,
    DAILY,
    Schedule.every(10.0, offset=3.0, start=at(0), end=at(500)),
    Schedule.cron("@daily", start=at(0), end=at(900_000), limit=3),
]


@pytest.mark.parametrize("schedule", SAME, ids=repr)
async def test_a_schedule_that_stands_is_left_alone(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules, schedule: Schedule
) -> None:
    record, changed = await schedules.ensure("sweep", schedule, TEMPLATE, now=NOW)
    assert changed
    assert record is not None
    before = await ids_to_come(connection, keys)
    again, changed = await schedules.ensure("sweep", schedule, TEMPLATE, now=NOW + 5)
    assert not changed
    assert again is not None
    assert again.next_run == record.next_run
    assert await ids_to_come(connection, keys) == before


@pytest.mark.parametrize(
    ("schedule", "template"),
    [
        (Schedule.every(20.0), TEMPLATE),
        (DAILY, TEMPLATE),
        (Schedule.every(10.0, offset=3.0), TEMPLATE),
        (Schedule.every(10.0, limit=3), TEMPLATE),
        (EVERY, TEMPLATE._replace(name="mop")),
        (EVERY, TEMPLATE._replace(data=b'{"n":2}')),
        (EVERY, TEMPLATE._replace(options=JobOptions(attempts=3))),
    ],
    ids=repr,
)
async def test_a_schedule_that_says_something_else_is_set(
    schedules: QueueSchedules, schedule: Schedule, template: JobTemplate
) -> None:
    await schedules.ensure("sweep", EVERY, TEMPLATE, now=NOW)
    record, changed = await schedules.ensure("sweep", schedule, template, now=NOW)
    assert changed
    assert record is not None
    assert (record.schedule, record.name, record.data) == (schedule, template.name, template.data.decode())
    assert (await schedules.ensure("sweep", schedule, template, now=NOW))[1] is False


async def test_a_schedule_that_is_over_is_not_begun_again(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules
) -> None:
    schedule = Schedule.every(10.0, limit=1, end=at(100))
    await schedules.ensure("sweep", schedule, TEMPLATE, now=NOW)
    [job] = await take(connection, keys, NOW)
    intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
    await intake.settle_and_take([Completed(job.id, job.token, b"1")], 0)
    for later in (50, 150):
        found, changed = await schedules.ensure("sweep", schedule, TEMPLATE, now=NOW + later)
        assert not changed
        assert found is not None
        assert found.next_run is None
    assert await schedules.ensure("mop", schedule, TEMPLATE, now=NOW + 150) == (None, False)


async def test_a_schedule_whose_next_run_was_lost_is_mended(
    connection: Connection, keys: QueueKeys, schedules: QueueSchedules
) -> None:
    record, _ = await schedules.ensure("sweep", EVERY, TEMPLATE, now=NOW)
    assert record is not None
    await connection.execute("DEL", keys.wait, keys.job(record.next_job_id or ""))
    _, changed = await schedules.ensure("sweep", EVERY, TEMPLATE, now=NOW)
    assert changed
    assert len(await ids_to_come(connection, keys)) == 1
