"""Settling and taking, one round trip at a time."""

from pathlib import Path

import pytest

from toril.bull.codec import UnknownSince
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import CommandRefused
from toril.bull.inspect import QueueInspector
from toril.bull.intake import Intake, RateLimit, TakenJob
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Postponed, Released, Retried
from toril.bull.queue import JobQueue, NewJob
from toril.types import JobState, Keep
from toril.types.job_options import JobOptions

NOW = 1_800_000_000.0


@pytest.fixture
def intake(connection: Connection, keys: QueueKeys) -> Intake:
    return Intake(connection, keys, worker_id="w", worker_name="painter", lock_duration=30.0)


@pytest.fixture
def inspector(connection: Connection, keys: QueueKeys) -> QueueInspector:
    return QueueInspector(connection, keys)


async def add(connection: Connection, keys: QueueKeys, count: int = 1, **options: object) -> list[str]:
    new = NewJob("paint", b"{}", JobOptions(**options))  # type: ignore[arg-type]
    return await JobQueue(connection, keys).add([new] * count, now=NOW)


async def take(intake: Intake, count: int = 1) -> list[TakenJob]:
    return (await intake.settle_and_take([], count, now=NOW)).jobs


async def test_jobs_are_taken_in_order_and_locked(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    ids = await add(connection, keys, 3)
    first = await take(intake, 2)
    assert [job.id for job in first] == ids[:2]
    assert first[0].attempts_started == 1
    assert first[0].enqueued_at == NOW
    assert await connection.execute("GET", keys.lock("1")) == first[0].token.encode()


async def test_each_round_trip_has_a_token_of_its_own(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys, 2)
    [one], [other] = await take(intake), await take(intake)
    assert one.token != other.token


async def test_one_step_settles_every_kind_of_outcome_and_takes_what_comes_next(
    connection: Connection, keys: QueueKeys, intake: Intake, inspector: QueueInspector
) -> None:
    ids = await add(connection, keys, 6, attempts=2)
    done, failed, retried, postponed, released = await take(intake, 5)
    taken = await intake.settle_and_take(
        [
            Completed(done.id, done.token, b'{"ok":true}'),
            Failed(failed.id, failed.token, "boom", ("trace",), attempts=2),
            Retried(retried.id, retried.token, "again", ("trace",)),
            Postponed(postponed.id, postponed.token, 5.0, "later", ("trace",)),
            Released(released.id, released.token),
        ],
        capacity=2,
        now=NOW,
    )
    assert taken.refused == []
    assert [job.id for job in taken.jobs] == [released.id, ids[5]]
    assert [await inspector.state(job_id) for job_id in ids] == [
        JobState.COMPLETED,
        JobState.FAILED,
        JobState.WAITING,
        JobState.DELAYED,
        JobState.ACTIVE,
        JobState.ACTIVE,
    ]
    records = [await inspector.job(job_id) for job_id in ids]
    assert [record.attempts_made for record in records if record] == [1, 1, 1, 1, 0, 0]
    assert [record.result for record in records if record] == ['{"ok":true}', *[None] * 5]
    assert records[2] is not None
    assert (records[2].failed_reason, records[2].stacktrace) == ("again", ("trace",))


async def test_a_refused_outcome_harms_no_other(
    connection: Connection, keys: QueueKeys, intake: Intake, inspector: QueueInspector
) -> None:
    await add(connection, keys, 2)
    one, other = await take(intake, 2)
    taken = await intake.settle_and_take(
        [
            Completed("no-such-job", "t", b"1"),
            Completed(one.id, "another's token", b"1"),
            Completed(other.id, other.token, b"1"),
            Completed(other.id, other.token, b"2"),
        ],
        capacity=0,
    )
    assert [(each.job_id, each.code) for each in taken.refused] == [
        ("no-such-job", -1),
        (one.id, -6),
        (other.id, -2),
    ]
    assert await inspector.state(other.id) is JobState.COMPLETED
    record = await inspector.job(other.id)
    assert record is not None
    assert record.result == "1"


async def test_a_job_whose_hash_is_gone_is_not_taken(
    connection: Connection, keys: QueueKeys, intake: Intake, inspector: QueueInspector
) -> None:
    await add(connection, keys, 30)
    await connection.execute("DEL", *[keys.job(str(number)) for number in range(1, 29)])
    assert [job.id for job in await take(intake)] == ["29"]
    assert (await inspector.counts()).by_state[JobState.ACTIVE] == 1
    assert await connection.execute("EXISTS", keys.job("1")) == 0


async def test_a_flood_of_ghosts_does_not_hold_the_server_up(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await connection.execute("RPUSH", keys.wait, *[f"ghost-{number}" for number in range(2000)])
    taken = await intake.settle_and_take([], 1)
    assert taken.jobs == []
    assert 0 < await connection.execute("LLEN", keys.wait) < 2000
    assert await connection.execute("ZSCORE", keys.marker, "0") is not None


async def test_the_answer_says_when_the_next_delayed_job_is_due(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys, delay=5.0)
    taken = await intake.settle_and_take([], 1, now=NOW)
    assert (taken.jobs, taken.next_due, taken.blocked) == ([], NOW + 5, False)
    assert [job.id for job in (await intake.settle_and_take([], 1, now=NOW + 5)).jobs] == ["1"]


async def test_a_paused_queue_gives_nothing(connection: Connection, keys: QueueKeys, intake: Intake) -> None:
    await add(connection, keys)
    await connection.execute("HSET", keys.meta, "paused", 1)
    taken = await intake.settle_and_take([], 1)
    assert (taken.jobs, taken.blocked) == ([], True)


async def test_global_concurrency_bounds_what_is_active(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys, 5)
    await connection.execute("HSET", keys.meta, "concurrency", 3)
    first = await take(intake, 2)
    taken = await intake.settle_and_take([], 5, now=NOW)
    assert (len(taken.jobs), taken.blocked) == (1, True)
    settled = await intake.settle_and_take([Completed(first[0].id, first[0].token, b"1")], 5, now=NOW)
    assert len(settled.jobs) == 1


async def test_the_rate_limit_says_how_long_it_holds(connection: Connection, keys: QueueKeys) -> None:
    await add(connection, keys, 5)
    limited = Intake(
        connection, keys, worker_id="w", lock_duration=30.0, limit=RateLimit(jobs=2, duration=60.0)
    )
    taken = await limited.settle_and_take([], 5, now=NOW)
    assert len(taken.jobs) == 2
    assert 50 < taken.limited_for <= 60


async def test_what_is_not_to_be_kept_is_gone(
    connection: Connection, keys: QueueKeys, intake: Intake, inspector: QueueInspector
) -> None:
    await add(connection, keys, 4)
    jobs = await take(intake, 4)
    keep = [Keep(count=0), Keep(count=2), Keep(count=2), Keep(count=2)]
    await intake.settle_and_take(
        [Completed(job.id, job.token, b"1", each) for job, each in zip(jobs, keep, strict=True)], 0
    )
    assert [await inspector.state(job.id) for job in jobs] == [
        None,
        None,
        JobState.COMPLETED,
        JobState.COMPLETED,
    ]
    assert await connection.execute("EXISTS", keys.job(jobs[0].id), keys.job(jobs[1].id)) == 0


async def test_jobs_of_a_lost_answer_are_found_again(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys, 3)
    taken = await take(intake, 2)
    intake.token_in_doubt = taken[0].token
    assert await intake.reclaim() == taken
    assert await intake.reclaim() == []


async def test_earlier_stack_traces_are_known_to_the_next_attempt(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys, attempts=3)
    [job] = await take(intake)
    taken = await intake.settle_and_take([Retried(job.id, job.token, "no", ("first",))], 1, now=NOW)
    assert taken.jobs[0].stacktrace == ("first",)
    assert taken.jobs[0].attempts_made == 1
    assert taken.jobs[0].attempts_started == 2


async def test_a_job_that_no_worker_knew_says_since_when(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    await add(connection, keys)
    [job] = await take(intake)
    postponed = Postponed(job.id, job.token, 1.0, burns_attempt=False, unknown=UnknownSince(NOW, 0))
    await intake.settle_and_take([postponed], 0, now=NOW)
    [again] = (await intake.settle_and_take([], 1, now=NOW + 2)).jobs
    assert again.unknown_since == NOW
    assert again.attempts_made == 0
    known = Retried(again.id, again.token, "boom", ())
    [later] = (await intake.settle_and_take([known], 1, now=NOW + 3)).jobs
    assert later.unknown_since is None


async def test_an_answer_holds_no_more_payload_than_a_slow_line_can_carry(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    queue = JobQueue(connection, keys)
    large = b'"' + b"x" * 1_500_000 + b'"'
    jobs = [NewJob("paint", large, JobOptions(priority=3))] * 2 + [NewJob("paint", large, JobOptions())] * 4
    ids = await queue.add(jobs, now=NOW)
    order = [*ids[2:], *ids[:2]]
    taken = await intake.settle_and_take([], 6, now=NOW)
    assert [job.id for job in taken.jobs] == order[:3]
    rest = await intake.settle_and_take([], 6, now=NOW)
    assert [job.id for job in rest.jobs] == order[3:]
    assert await connection.execute("ZCARD", keys.base + "prioritized") == 0


@pytest.mark.parametrize("count", [1, 3])
async def test_a_refused_permission_loses_no_job(keys: QueueKeys, server: Path, count: int) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with await Connection.open(broker.url) as connection:
            intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
            ids = await add(connection, keys, count)
            await connection.execute("ACL", "SETUSER", "default", "-hset")
            with pytest.raises(CommandRefused):
                await intake.settle_and_take([], count, now=NOW)
            await connection.execute("ACL", "SETUSER", "default", "+hset")
            assert await connection.execute("LLEN", keys.base + "active") == 0
            assert [job.id for job in await take(intake, count)] == ids


@pytest.mark.damaging
async def test_what_cannot_be_taken_alone_is_not_active(
    connection: Connection, keys: QueueKeys, intake: Intake
) -> None:
    gone, broken, sound = await add(connection, keys, 3)
    await connection.execute("DEL", keys.base + gone, keys.base + broken)
    await connection.execute("SET", keys.base + broken, "no hash")
    assert [job.id for job in await take(intake, 1)] == [sound]
    assert await connection.execute("LRANGE", keys.base + "active", 0, -1) == [sound.encode()]


async def test_a_permission_refused_in_mid_batch_loses_no_outcome(keys: QueueKeys, server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with await Connection.open(broker.url) as connection:
            intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
            await add(connection, keys, 2, attempts=2)
            done, again = await take(intake, 2)
            outcomes = [Completed(done.id, done.token, b"1"), Postponed(again.id, again.token, 5.0, "no")]
            await connection.execute("ACL", "SETUSER", "default", "-hincrby")
            with pytest.raises(CommandRefused):
                await intake.settle_and_take(outcomes, 0, now=NOW)
            await connection.execute("ACL", "SETUSER", "default", "+hincrby")
            inspector = QueueInspector(connection, keys)
            assert await inspector.state(done.id) is JobState.COMPLETED
            assert await inspector.state(again.id) is JobState.DELAYED
