"""Scripts as functions of the server's, and what helps where it has none."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import CommandRefused
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.options import JobOptions
from toril.bull.outcomes import Retried
from toril.bull.queue import JobQueue, NewJob
from toril.bull.scripts import load
from toril.bull.thread_connection import ThreadConnection

JOB = NewJob("paint", b"{}", JobOptions())
KEYS = QueueKeys("paint")


@pytest.fixture
async def admin() -> AsyncIterator[Connection]:
    """Of a server of its own, which keeps functions."""
    with EmbeddedBroker(port=0) as broker:
        async with await Connection.open(broker.url) as connection:
            yield connection


@pytest.fixture
def url(admin: Connection) -> str:
    return f"redis://painter:secret@{admin.address}"


async def calls(admin: Connection, command: str) -> int:
    stats = (await admin.execute("INFO", "commandstats")).decode().splitlines()
    of_command = [line for line in stats if line.startswith(f"cmdstat_{command}:")]
    return int(of_command[0].partition("calls=")[2].partition(",")[0]) if of_command else 0


async def test_a_function_is_loaded_once_and_again_where_it_is_missing(admin: Connection) -> None:
    queue = JobQueue(admin, KEYS)
    await queue.add([JOB])
    await queue.add([JOB])
    assert await calls(admin, "function|load") == 1
    await admin.execute("FUNCTION", "FLUSH")
    await queue.add([JOB])
    assert await calls(admin, "function|load") == 2
    assert await calls(admin, "evalsha") == 0
    assert await admin.execute("LLEN", KEYS.wait) == 3


async def test_a_function_that_several_load_at_once_runs_for_each(admin: Connection, url: str) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all")
    painters = [Connection(url) for _ in range(10)]
    await asyncio.gather(*(JobQueue(painter, KEYS).add([JOB]) for painter in painters))
    assert await admin.execute("LLEN", KEYS.wait) == 10
    for painter in painters:
        await painter.close()


@pytest.mark.parametrize("forbidden", [(), ("-fcall",)], ids=["function", "script"])
async def test_calls_run_in_their_order_whatever_others_load_meanwhile(
    admin: Connection, url: str, forbidden: tuple[str, ...]
) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all", *forbidden)
    async with await Connection.open(url, pipelines=True) as painter:
        await JobQueue(painter, QueueKeys("other")).add([JOB])  # it knows by now what it may do
        for forgetting in ("FUNCTION", "SCRIPT"):
            await admin.execute(forgetting, "FLUSH")
        await admin.execute("CLIENT", "KILL", "ID", painter.client_id or 0)
        await painter.execute("PING")
        first = asyncio.create_task(JobQueue(painter, KEYS).add([JOB]))
        await asyncio.sleep(0)
        # Blocking, so that the first has no answer yet.
        with ThreadConnection.open(url) as another:
            another.run(load("adding/add"), [KEYS.meta], [1, "", "paint", b"{}", b"{}", 0, 0, ""])
        second = asyncio.create_task(JobQueue(painter, KEYS).add([JOB]))
        assert int((await first)[0]) < int((await second)[0])


@pytest.mark.parametrize(
    "forbidden", [("-fcall",), ("-function",), ("-function|load",), ("-fcall", "-function")], ids=" ".join
)
async def test_a_user_who_may_not_use_functions_runs_the_script(
    admin: Connection, url: str, forbidden: tuple[str, ...]
) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all", *forbidden)
    async with Connection(url) as painter:
        for _ in range(3):
            await JobQueue(painter, KEYS).add([JOB])
    assert await calls(admin, "evalsha") == 3
    with ThreadConnection.open(url) as blocking:
        for _ in range(3):
            blocking.run(load("adding/add"), [KEYS.meta], [1, "", "paint", b"{}", b"{}", 0, 0, ""])
    assert await calls(admin, "evalsha") == 6
    assert await calls(admin, "fcall") <= 4
    assert await admin.execute("LLEN", KEYS.wait) == 6


async def test_a_call_finds_nothing_of_the_one_before_it(admin: Connection) -> None:
    """A function's variables outlive the call: what it says of one queue must not hold for another."""
    await admin.execute("HSET", KEYS.meta, "paused", "1", "opts.maxLenEvents", "7")
    await JobQueue(admin, KEYS).add([JOB] * 3)
    other = QueueKeys("sculpt")
    await JobQueue(admin, other).add([JOB])
    assert await admin.execute("ZCARD", KEYS.marker) == 0
    assert await admin.execute("ZCARD", other.marker) == 1
    assert await admin.execute("HGET", other.meta, "opts.maxLenEvents") == b"10000"
    assert await admin.execute("LLEN", other.wait) == 1


async def test_a_call_that_fails_in_the_middle_leaves_nothing_to_the_next_one(admin: Connection) -> None:
    await admin.execute("SET", KEYS.wait, "no list")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await JobQueue(admin, KEYS).add([JOB, JOB])
    other = QueueKeys("sculpt")
    assert list(await JobQueue(admin, other).add([JOB])) == ["1"]
    assert await admin.execute("LRANGE", other.wait, 0, -1) == [b"1"]


async def test_a_queue_whose_meta_cannot_be_read_starts_nothing(admin: Connection) -> None:
    """Nor does it go by what another queue says of itself: a function's variables outlive the call."""
    await JobQueue(admin, KEYS).add([JOB] * 2)
    painting = Intake(admin, KEYS, worker_id="painter", lock_duration=60.0)
    [job] = (await painting.settle_and_take([], 1)).jobs
    await Intake(admin, QueueKeys("sculpt"), worker_id="sculptor", lock_duration=60.0).settle_and_take([], 1)
    await admin.execute("SET", KEYS.meta, "no hash")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await painting.settle_and_take([Retried(job.id, job.token, "no paint", ())], 1)
    assert await admin.execute("LLEN", KEYS.wait) == 1
