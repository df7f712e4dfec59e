"""Records that BullMQ could not have written: they fail their own job and no other."""

from dataclasses import replace

import pytest

from support.invariants import check_all
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import QUICK, running_worker, workshop
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Limited, Outcome, Parked, Postponed, Released, Retried
from toril.bull.queue import JobQueue, NewJob
from toril.types import JobState, Keep
from toril.types.job_options import JobOptions

TOKEN = "worker"  # noqa: S105
DAMAGES = {
    "attempts": [("HSET", "1", "atm", "many")],
    "note of its parent": [("HSET", "1", "parentKey", "nobody", "parent", "7")],
    "deduplication key": [("HSET", "1", "deid", "red"), ("LPUSH", "de:red", "1")],
    "kept duplicate": [("HSET", "1", "deid", "red"), ("SET", "dn:red", "none")],
    "children": [("SET", "1:dependencies", "none")],
    "failed children": [("SET", "1:unsuccessful", "none")],
    "log": [("SET", "1:logs", "no lines")],
}
OUTCOMES: list[Outcome] = [
    Completed("1", TOKEN, b"null", None),
    Completed("1", TOKEN, b"null", Keep(0)),
    Failed("1", TOKEN, "no paint", (), 1, None),
    Retried("1", TOKEN, "no paint", ()),
    Postponed("1", TOKEN, 60.0, "no paint", (), True),
    Released("1", TOKEN),
    Limited("1", TOKEN, 60.0),
    Parked("1", TOKEN),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
async def test_a_broken_job_is_in_one_state_whatever_becomes_of_it(
    connection: Connection,
    keys: QueueKeys,
    broker: EmbeddedBroker,
    damage: list[tuple[str, ...]],
    outcome: Outcome,
) -> None:
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", JobOptions()) for _ in range(2)])
    intake = Intake(connection, keys, worker_id="worker", worker_name=None, lock_duration=60.0)
    assert [job.id for job in (await intake.settle_and_take([], 2, token=TOKEN)).jobs] == ["1", "2"]
    for command, name, *words in damage:
        await connection.execute(command, keys.base + name, *words)
    await intake.settle_and_take([outcome, Completed("2", TOKEN, b"null", None)], 0)
    assert await connection.execute("ZSCORE", f"{keys.base}completed", "2")
    for command, name, *_ in damage:
        if command != "HSET":
            await connection.execute("DEL", keys.base + name)
    assert check_all(broker.url, keys.prefix) == []


async def failed(queues: QueueService, job_id: str) -> bool:
    return await queues.inspect("paint").state(job_id) is JobState.FAILED


@pytest.mark.parametrize("note", ["null", "[1]", "7", "{}", '{"id":1,"queueKey":2}'])
async def test_a_note_of_the_parent_that_is_none(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, note: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=0.1))
        await connection.execute(
            "HSET", keys.job(handle.job_id), "parent", note, "parentKey", f"{prefix}:x:1"
        )
        good = await queues.enqueue(Paint(colour="blue", seconds=0.1))
        assert (await handle.result(timeout=10)).colour == "red"
        assert (await good.result(timeout=10)).colour == "blue"


async def test_a_kept_duplicate_without_options(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=0.1))
        await connection.execute("HSET", keys.job(handle.job_id), "deid", "d")
        await connection.execute("HSET", f"{keys.base}dn:d", "name", "paint", "data", '{"colour":"kept"}')
        good = await queues.enqueue(Paint(colour="blue", seconds=0.1))
        assert (await handle.result(timeout=10)).colour == "red"
        assert (await good.result(timeout=10)).colour == "blue"


async def test_a_number_of_attempts_that_is_none(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", failures=1))
        await connection.execute("HSET", keys.job(handle.job_id), "atm", "many")
        good = await queues.enqueue(Paint(colour="blue"))
        await eventually(lambda: queues.inspect("paint").outcome(handle.job_id))
        assert (await good.result(timeout=10)).colour == "blue"


@pytest.mark.damaging
async def test_a_job_that_is_no_hash(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    await connection.execute("SET", keys.job("odd"), "no hash")
    await connection.execute("LPUSH", f"{keys.base}wait", "odd")
    async with workshop(broker.url, prefix) as queues:
        good = await queues.enqueue(Paint(colour="blue"))
        assert (await good.result(timeout=10)).colour == "blue"
        await eventually(lambda: failed(queues, "odd"))


async def test_a_job_that_stands_in_line_twice_is_started_once(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        twice = await queues.enqueue(Paint(colour="red", seconds=0.2))
        await connection.execute("LPUSH", keys.wait, twice.job_id)
    async with workshop(broker.url, prefix) as queues:
        await queues.handle(Paint, twice.job_id).result(timeout=10)
        record = await queues.inspect("paint").job(twice.job_id)
        assert record is not None
        assert record.attempts_started == 1
        good = await queues.enqueue(Paint(colour="blue"))
        assert (await good.result(timeout=10)).colour == "blue"


async def test_a_lost_lock_leaves_the_worker_at_work(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        slow = await queues.enqueue(Paint(colour="slow", seconds=60))
        async with running_worker(broker.url, prefix, settings=replace(QUICK, concurrency=1, grace=0.0)):
            await eventually(lambda: _runs(queues, slow.job_id))
            await connection.execute("SET", keys.lock(slow.job_id), "another worker", "PX", 60_000)
            good = await queues.enqueue(Paint(colour="blue"))
            assert (await good.result(timeout=10)).colour == "blue"


async def _runs(queues: QueueService, job_id: str) -> bool:
    return await queues.inspect("paint").state(job_id) is JobState.ACTIVE
