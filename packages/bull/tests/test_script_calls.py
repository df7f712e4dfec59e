"""Scripts as functions of the server's, and what helps where it has none."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hiredis import ReplyError

from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, CommandRefused
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Retried
from toril.bull.queue import JobQueue, NewJob
from toril.bull.script_calls import LOAD_AGAIN_AFTER, ScriptCalls
from toril.bull.scripts import load
from toril.bull.thread_connection import ThreadConnection
from toril.types.job_options import JobOptions

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


async def calls(admin: Connection, command: str, field: str = "calls") -> int:
    stats = (await admin.execute("INFO", "commandstats")).decode().splitlines()
    of_command = [line for line in stats if line.startswith(f"cmdstat_{command}:")]
    fields = (
        dict(each.split("=") for each in of_command[0].partition(":")[2].split(",")) if of_command else {}
    )
    return int(fields.get(field, 0))


async def fill(admin: Connection) -> None:
    """Leaves the server no memory for anything new."""
    await admin.execute("CONFIG", "SET", "maxmemory", "1")


def told_the_time(calls: ScriptCalls) -> list[float]:
    """What the calls take for the present: the last of these."""
    now = [0.0]
    calls._clock = lambda: now[-1]
    return now


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
            another.run(load("adding/add"), [KEYS.meta], [1, "paint", b"{}", "", 1, "", b"{}"])
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
            blocking.run(load("adding/add"), [KEYS.meta], [1, "paint", b"{}", "", 1, "", b"{}"])
    assert await calls(admin, "evalsha") == 6
    assert await calls(admin, "fcall") <= 4
    assert await admin.execute("LLEN", KEYS.wait) == 6


@pytest.mark.parametrize("pipelines", [False, True])
async def test_a_function_that_a_full_server_refused_is_loaded_later(
    admin: Connection, url: str, pipelines: bool
) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all")
    async with Connection(url, pipelines=pipelines) as painter:
        queue = JobQueue(painter, KEYS)
        now = told_the_time(painter._calls)
        await fill(admin)
        with pytest.raises(BrokerUnavailable, match="memory is full"):
            await queue.add([JOB])
        await admin.execute("CONFIG", "SET", "maxmemory", "0")
        scripts = await calls(admin, "evalsha")

        await queue.add([JOB])
        now.append(LOAD_AGAIN_AFTER - 1.0)
        await queue.add([JOB])
        assert await calls(admin, "evalsha") == scripts + 2
        assert await calls(admin, "function|load") == 0

        now.append(LOAD_AGAIN_AFTER)
        for _ in range(3):
            await queue.add([JOB])
        assert await calls(admin, "evalsha") == scripts + 2
        assert await calls(admin, "function|load") == 1
        assert await admin.execute("LLEN", KEYS.wait) == 5


async def test_a_server_that_stays_full_is_asked_once_in_a_while(admin: Connection, url: str) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all")
    await fill(admin)
    with ThreadConnection.open(url) as painter:
        now = told_the_time(painter._calls)
        for at in range(4):
            now.append(at * LOAD_AGAIN_AFTER)
            for _ in range(5):
                with pytest.raises(BrokerUnavailable, match="memory is full"):
                    painter.run(load("adding/add"), [KEYS.meta], [1, "paint", b"{}", "", 1, "", b"{}"])
    assert await calls(admin, "function|load", "rejected_calls") == 4


async def test_a_user_who_may_not_load_functions_does_not_try_it_again(admin: Connection, url: str) -> None:
    await admin.execute("ACL", "SETUSER", "painter", "on", ">secret", "~*", "&*", "+@all", "-function|load")
    async with Connection(url) as painter:
        now = told_the_time(painter._calls)
        await JobQueue(painter, KEYS).add([JOB])
        now.append(1_000 * LOAD_AGAIN_AFTER)
        await JobQueue(painter, KEYS).add([JOB])
    assert await calls(admin, "evalsha") == 2
    assert await calls(admin, "fcall") <= 2


def test_of_two_calls_under_way_the_second_does_not_overtake_the_first() -> None:
    """By its time the server might have room for the function that the first one could not load."""
    calls = ScriptCalls(lambda: 0.0)
    script, not_found = load("adding/add"), ReplyError("ERR Function not found")
    full = ReplyError("OOM command not allowed when used memory > 'maxmemory'.")

    first = calls.next(script, [], ["one"], [full, not_found])
    second = calls.next(script, [], ["two"], [not_found])

    assert [(command[0], command[-1]) for command in (*first, *second)] == [
        ("EVALSHA", "one"),
        ("EVALSHA", "two"),
    ]


async def put_foreign(admin: Connection, script: str, answer: str) -> None:
    """Another's function, by the name of ours."""
    function = load(script).function
    assert function is not None
    await admin.execute("FUNCTION", "FLUSH")
    body = f"redis.register_function('{function.name}', function() return {answer} end)"
    await admin.execute("FUNCTION", "LOAD", f"#!lua name=foreign\n{body}")


@pytest.mark.parametrize(
    "answer", ["nil", "7", "'OK'", "''", "{}", "{{}, {}}", "{{1}, {}}", "{{'1'}, 2}", "{'1', '2'}"]
)
async def test_a_foreign_function_that_answers_a_producer_is_told_of(admin: Connection, answer: str) -> None:
    await put_foreign(admin, "adding/add", answer)
    with pytest.raises(
        BrokerMisconfigured, match=r"function toril_add_\w+ that is not ours.* FUNCTION DELETE"
    ):
        await JobQueue(admin, KEYS).add([JOB])
    await admin.execute("FUNCTION", "DELETE", "foreign")
    assert list(await JobQueue(admin, KEYS).add([JOB])) == ["1"]


@pytest.mark.parametrize(
    "answer",
    [
        "nil",
        "7",
        "'OK'",
        "''",
        "{}",
        "{1, 2, 3, 4, 5, 6}",
        "{{}, {'1'}, {7}, 0, 0, 0}",
        "{'', '', '', '', '', ''}",
    ],
)
async def test_a_foreign_function_that_answers_a_worker_is_told_of(admin: Connection, answer: str) -> None:
    await JobQueue(admin, KEYS).add([JOB])
    await put_foreign(admin, "working/settle_and_take", answer)
    painting = Intake(admin, KEYS, worker_id="painter", lock_duration=60.0)
    with pytest.raises(BrokerMisconfigured, match=r"toril_settle_and_take_\w+ that is not ours"):
        await painting.settle_and_take([], 1)
    await admin.execute("FUNCTION", "DELETE", "foreign")
    assert await painting.reclaim() == []
    assert len((await painting.settle_and_take([], 1)).jobs) == 1


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


@pytest.mark.parametrize("field", ["data", "stacktrace"])
async def test_a_function_keeps_nothing_large_of_jobs_that_are_gone(admin: Connection, field: str) -> None:
    painting = Intake(admin, KEYS, worker_id="painter", lock_duration=60.0)
    # Each batch ends before the place where the large job of the one before it stood.
    for length in range(40, 0, -3):
        *_, last = await JobQueue(admin, KEYS).add([JOB] * length)
        await admin.execute("HSET", KEYS.base + last, "ats", 1, field, b'"%d%s"' % (length, b"x" * 1_000_000))
        assert len((await painting.settle_and_take([], length)).jobs) == length

    async def are_gone() -> bool:
        await painting.settle_and_take([], 1)
        report = (await admin.execute("INFO", "memory")).decode()
        return int(report.partition("used_memory_vm_functions:")[2].partition("\r")[0]) < 5_000_000

    await eventually(are_gone)


async def test_a_call_that_fails_in_the_middle_leaves_nothing_to_the_next_one(admin: Connection) -> None:
    await admin.execute("SET", KEYS.wait, "no list")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await JobQueue(admin, KEYS).add([JOB, JOB])
    other = QueueKeys("sculpt")
    assert list(await JobQueue(admin, other).add([JOB])) == ["1"]
    assert await admin.execute("LRANGE", other.wait, 0, -1) == [b"1"]


async def test_what_a_call_has_settled_keeps_no_later_one_from_trimming_and_drains_the_queue_once(
    admin: Connection,
) -> None:
    painting = Intake(admin, KEYS, worker_id="painter", lock_duration=60.0)
    await JobQueue(admin, KEYS).add([JOB] * 2)
    for _ in range(2):
        [job] = (await painting.settle_and_take([], 1)).jobs
        before = await calls(admin, "xtrim")
        await painting.settle_and_take([Completed(job.id, job.token, b"1")], 0)
        assert await calls(admin, "xtrim") == before + 1
    await painting.settle_and_take([], 0)
    events = await admin.execute("XRANGE", KEYS.events, "-", "+")
    assert [fields for _, fields in events if b"drained" in fields] == [[b"event", b"drained"]]


async def test_what_a_call_was_kept_from_taking_off_active_is_no_business_of_the_next_one(
    admin: Connection,
) -> None:
    painting = Intake(admin, KEYS, worker_id="painter", lock_duration=60.0)
    await JobQueue(admin, KEYS).add([JOB] * 5)
    outcomes = [Completed(job.id, job.token, b"1") for job in (await painting.settle_and_take([], 5)).jobs]
    await admin.execute("ACL", "SETUSER", "default", "-ltrim")
    with pytest.raises(CommandRefused):
        await painting.settle_and_take(outcomes[:3], 0)
    await admin.execute("ACL", "SETUSER", "default", "+ltrim")
    await painting.settle_and_take(outcomes[3:4], 0)
    assert await admin.execute("LRANGE", KEYS.active, 0, -1) == [b"5", b"3", b"2", b"1"]
    assert not (await painting.settle_and_take(outcomes[:3], 0)).refused
    assert await admin.execute("LRANGE", KEYS.active, 0, -1) == [b"5"]


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
