"""Steering a queue."""

from datetime import UTC, datetime

import pytest

from toril.bull.admin import Cancellation, QueueAdmin
from toril.bull.connection import Connection
from toril.bull.errors import InvalidSetting, JobNotCancellable, JobNotFound, QueueBusy, QueueNotPaused
from toril.bull.inspect import QueueInspector
from toril.bull.intake import RateLimit
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.types import JobState
from toril.types.job_options import JobOptions

MANY = 620


@pytest.fixture
def admin(connection: Connection, keys: QueueKeys) -> QueueAdmin:
    return QueueAdmin(connection, keys)


async def add(connection: Connection, keys: QueueKeys, count: int, **options: float) -> list[str]:
    jobs = [NewJob("paint", b"{}", JobOptions(**options))] * count  # type: ignore[arg-type]
    return await JobQueue(connection, keys).add(jobs)


async def finish(connection: Connection, keys: QueueKeys, state: str, job_ids: list[str]) -> None:
    for job_id in job_ids:
        await connection.execute("LREM", keys.wait, 1, job_id)
        await connection.execute("ZADD", keys.base + state, 5, job_id)


async def test_a_job_that_stands_nowhere_is_not_said_to_run(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await connection.execute("HSET", keys.job("1"), "name", "paint")
    with pytest.raises(JobNotFound):
        await admin.cancel("1")


async def test_a_job_that_runs_is_told_to_end(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await connection.execute("HSET", keys.job("1"), "name", "paint")
    await connection.execute("LPUSH", keys.active, "1")
    assert await admin.cancel("1") is Cancellation.REQUESTED


async def test_a_job_that_has_ended_is_said_to_be_completed(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await connection.execute("HSET", keys.job("1"), "name", "paint")
    await connection.execute("ZADD", keys.base + "completed", 1, "1")
    with pytest.raises(JobNotCancellable, match="it is completed"):
        await admin.cancel("1")


async def test_draining_tells_how_far_it_is_and_how_many_went(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await add(connection, keys, MANY)
    await add(connection, keys, 3, delay=5.0)
    await add(connection, keys, 2, priority=5)
    told: list[int] = []
    assert await admin.drain(told=told.append) == MANY + 2
    assert told == sorted(told)
    assert len(told) >= 4
    assert told[-1] == MANY + 2
    assert (await QueueInspector(connection, keys).counts()).by_state[JobState.DELAYED] == 3
    assert await admin.drain(include_delayed=True) == 3


async def test_cleaning_tells_how_far_it_is_and_which_went(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    ids = await add(connection, keys, MANY)
    told: list[int] = []
    assert sorted(await admin.clean(JobState.WAITING, limit=600, told=told.append)) == sorted(ids[:600])
    assert told == [250, 500, 600]


async def test_obliterating_tells_how_far_it_is_and_leaves_nothing(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await add(connection, keys, MANY)
    with pytest.raises(QueueNotPaused, match="pause it"):
        await admin.obliterate()
    await admin.pause()
    await connection.execute("LMOVE", keys.wait, keys.active, "RIGHT", "LEFT")
    with pytest.raises(QueueBusy, match="still run"):
        await admin.obliterate()
    told: list[int] = []
    await admin.obliterate(force=True, told=told.append)
    assert told == [250, 500, MANY]
    assert await connection.execute("KEYS", keys.base + "*") == []


async def test_retrying_and_promoting_all_tell_how_many(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await finish(connection, keys, "failed", await add(connection, keys, 300))
    await finish(connection, keys, "completed", await add(connection, keys, 3))
    await add(connection, keys, 260, delay=60.0)
    told: list[int] = []
    assert await admin.retry_all(told=told.append) == 300
    assert await admin.retry_all(JobState.COMPLETED) == 3
    assert await admin.retry_all(JobState.COMPLETED) == 0
    assert await admin.promote_all(told=told.append) == 260
    assert told == [250, 300, 250, 260]


async def test_a_job_that_comes_back_is_not_retried_for_ever(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await finish(connection, keys, "failed", await add(connection, keys, 250))
    rounds = 0

    def fail_again(_: int) -> None:
        nonlocal rounds
        rounds += 1

    assert await admin.retry_all(before=datetime(2030, 1, 1, tzinfo=UTC), told=fail_again) == 250
    assert rounds == 1


@pytest.mark.parametrize("concurrency", [0, -1])
async def test_a_concurrency_below_one_is_refused(admin: QueueAdmin, concurrency: int) -> None:
    with pytest.raises(InvalidSetting, match="concurrency"):
        await admin.set_concurrency(concurrency)


@pytest.mark.parametrize(
    "limit", [RateLimit(0, 1.0), RateLimit(5, 0.0), RateLimit(5, -1.0), RateLimit(5, float("nan"))]
)
async def test_a_rate_limit_that_limits_nothing_is_refused(admin: QueueAdmin, limit: RateLimit) -> None:
    with pytest.raises(InvalidSetting):
        await admin.set_rate_limit(limit)


@pytest.mark.parametrize("seconds", [0.0, 0.0001, -5.0, float("inf"), float("nan")])
async def test_a_limit_for_no_time_or_all_times_is_refused(admin: QueueAdmin, seconds: float) -> None:
    with pytest.raises(InvalidSetting, match="seconds"):
        await admin.limit_rate_for(seconds)


async def test_what_no_script_could_use_is_refused_before_redis_is_asked(
    connection: Connection, keys: QueueKeys
) -> None:
    admin = QueueAdmin(connection, keys)
    await connection.close()
    with pytest.raises(InvalidSetting, match="grace"):
        await admin.clean(JobState.FAILED, grace=-1.0)
    with pytest.raises(InvalidSetting, match="limit"):
        await admin.clean(JobState.FAILED, limit=0)
    with pytest.raises(InvalidSetting, match="state"):
        await admin.retry_all(JobState.ACTIVE)  # type: ignore[arg-type]
    with pytest.raises(InvalidSetting, match="time zone"):
        await admin.retry_all(before=datetime(2030, 1, 1))
    with pytest.raises(InvalidSetting, match="delay"):
        await admin.change_delay("1", -1.0)
    with pytest.raises(InvalidSetting, match="priority"):
        await admin.change_priority("1", 2**21)
    for data in (b"{", b"NaN", b"[Infinity]", b"\xff"):
        with pytest.raises(InvalidSetting, match="JSON"):
            await admin.update_data("1", data)
    with pytest.raises(InvalidSetting, match="events"):
        await admin.trim_events(-1)


async def test_a_child_whose_parent_is_gone_names_the_parent(
    admin: QueueAdmin, connection: Connection, keys: QueueKeys
) -> None:
    await add(connection, keys, 1)
    await connection.execute("HSET", keys.job("1"), "parentKey", f"{keys.prefix}:frames:7")
    with pytest.raises(JobNotFound) as missing:
        await admin.detach("1")
    assert (missing.value.queue, missing.value.job_id) == ("frames", "7")
