"""What is left of jobs that stand in no state."""

import pytest

from toril.bull.admin import QueueAdmin
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.types.job_options import JobOptions

MANY = 230


async def everything(connection: Connection, keys: QueueKeys) -> set[bytes]:
    return set(await connection.execute("KEYS", f"{keys.base}*"))


@pytest.fixture
async def queue(connection: Connection, keys: QueueKeys) -> set[bytes]:
    """A queue that has one of everything, and the names of its keys."""
    jobs = [NewJob("paint", b"{}", JobOptions()), NewJob("paint", b"{}", JobOptions(delay=60.0))]
    await JobQueue(connection, keys).add(jobs)
    for number, state in enumerate(
        ("active", "paused", "completed", "failed", "waiting-children", "prioritized")
    ):
        job_id = f"in-{state}"
        await connection.execute("HSET", keys.job(job_id), "name", "paint")
        if state in ("active", "paused"):
            await connection.execute("LPUSH", keys.base + state, job_id)
        else:
            await connection.execute("ZADD", keys.base + state, number, job_id)
    # Keys that end like a part of a job, and are none.
    await connection.execute("SET", keys.deduplication("logs"), "1")
    await connection.execute("HSET", keys.base + "metrics:failed", "count", 1)
    await connection.execute("ZADD", keys.base + "repeat", 1, "lock")
    await connection.execute("HSET", keys.base + "repeat:lock", "name", "paint")
    return await everything(connection, keys)


async def test_a_queue_in_order_has_none(connection: Connection, keys: QueueKeys, queue: set[bytes]) -> None:
    assert await QueueAdmin(connection, keys).remove_orphans() == []
    assert await everything(connection, keys) == queue


async def test_they_go_with_all_that_is_theirs_and_the_rest_stays(
    connection: Connection, keys: QueueKeys, queue: set[bytes]
) -> None:
    for number in range(MANY):
        await connection.execute("HSET", keys.job(f"lost-{number:03}"), "name", "paint")
    await connection.execute("RPUSH", keys.logs("lost-007"), "a line")
    await connection.execute("SET", keys.lock("only-a-lock"), "token")
    told: list[int] = []
    removed = await QueueAdmin(connection, keys).remove_orphans(told=told.append)
    assert sorted(removed) == [*(f"lost-{number:03}" for number in range(MANY)), "only-a-lock"]
    assert told[-1] == len(removed)
    assert await everything(connection, keys) == queue
