"""Rows of an outbox: each adds its jobs once, however often it comes, and whatever became of them."""

from dataclasses import replace

import pytest

from toril.bull.connection import Connection
from toril.bull.errors import FlowRefused
from toril.bull.flows import FlowJob
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed
from toril.bull.queue import JobQueue, NewJob
from toril.bull.relaying import JobRow, RelayQueue
from toril.types import Deduplicate, Keep, OnFailure
from toril.types.job_options import JobOptions

GONE_AT_ONCE = JobOptions(keep_completed=Keep(count=0))


def row(row_id: str, options: JobOptions = GONE_AT_ONCE) -> JobRow:
    return JobRow(row_id, NewJob("paint", b"{}", options, f"job-{row_id}"))


def flow(queue: str, *ids: str) -> list[FlowJob]:
    """A parent and its children."""
    first, *others = ids
    job = FlowJob(queue, first, True, "paint", b"{}", GONE_AT_ONCE, None, True, OnFailure.FAIL_PARENT)
    return [job, *(job._replace(job_id=child, parent=0, waits=False) for child in others)]


@pytest.fixture
def relay(connection: Connection, keys: QueueKeys) -> RelayQueue:
    return RelayQueue(connection, keys.prefix)


async def waiting(connection: Connection, keys: QueueKeys) -> list[str]:
    """The ids of the jobs that wait, the next one first."""
    ids: list[bytes] = await connection.execute("LRANGE", keys.wait, 0, -1)
    return [job_id.decode() for job_id in reversed(ids)]


async def run_all(connection: Connection, keys: QueueKeys) -> list[str]:
    """Runs what waits, and tells what it was."""
    intake = Intake(connection, keys, worker_id="w", lock_duration=30.0)
    taken = (await intake.settle_and_take([], 100)).jobs
    await intake.settle_and_take([Completed(job.id, job.token, b"1", Keep(count=0)) for job in taken], 0)
    return [job.id for job in taken]


async def test_jobs_are_added_in_the_order_of_their_rows(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    assert await relay.add_rows(keys.queue, [row("1"), row("2"), row("3")]) == 3
    assert await waiting(connection, keys) == ["job-1", "job-2", "job-3"]


async def test_a_row_that_comes_again_adds_nothing_even_if_its_job_has_ended_and_is_gone(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    await relay.add_rows(keys.queue, [row("1"), row("2")])
    assert await run_all(connection, keys) == ["job-1", "job-2"]
    assert await connection.execute("EXISTS", keys.job("job-1")) == 0
    assert await relay.add_rows(keys.queue, [row("1"), row("3"), row("2")]) == 1
    assert await run_all(connection, keys) == ["job-3"]


async def test_a_row_whose_job_id_exists_already_adds_nothing_as_elsewhere(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    await JobQueue(connection, keys).add([row("1").job])
    assert await relay.add_rows(keys.queue, [row("1")]) == 1
    assert await waiting(connection, keys) == ["job-1"]


async def test_an_id_may_come_back_with_another_row_once_its_job_is_gone(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    await relay.add_rows(keys.queue, [row("1")])
    await run_all(connection, keys)
    assert await relay.add_rows(keys.queue, [row("1")._replace(row_id="2")]) == 1
    assert await run_all(connection, keys) == ["job-1"]


async def test_what_the_options_say_holds_for_rows_too(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    held = replace(GONE_AT_ONCE, deduplicate=Deduplicate("one"), enqueued_at=1_700_000_000.0)
    assert await relay.add_rows(keys.queue, [row("1", held), row("2", held)]) == 2
    assert await waiting(connection, keys) == ["job-1"]
    assert await connection.execute("HGET", keys.job("job-1"), "timestamp") == b"1700000000000"


async def test_the_latest_rows_are_remembered_and_no_more(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    old = [(score, f"old-{score}") for score in range(10_000)]
    await connection.execute("ZADD", keys.relayed, *[word for pair in old for word in pair])
    await relay.add_rows(keys.queue, [row("1")])
    assert await connection.execute("ZCARD", keys.relayed) == 10_000
    assert await connection.execute("ZSCORE", keys.relayed, "old-0") is None
    assert await connection.execute("ZSCORE", keys.relayed, "1") is not None
    assert await connection.execute("TTL", keys.relayed) > 29 * 86_400


async def test_the_rows_of_a_relay_whose_clock_is_behind_are_remembered_like_others(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    ahead = [(2_000_000_000_000, f"old-{number}") for number in range(10_000)]
    await connection.execute("ZADD", keys.relayed, *[word for pair in ahead for word in pair])
    rows = [row("1"), row("2"), row("3")]
    assert await relay.add_rows(keys.queue, rows, now=1_000_000_000.0) == 3
    await run_all(connection, keys)
    assert await relay.add_rows(keys.queue, rows, now=1_000_000_000.0) == 0
    assert await connection.execute("ZCARD", keys.relayed) == 10_000


async def test_a_flow_that_comes_again_adds_nothing_even_if_it_has_ended_and_is_gone(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    tree = flow(keys.queue, "parent", "child")
    await relay.add_flow_row("1", tree)
    await relay.add_flow_row("1", tree)
    assert await run_all(connection, keys) == ["child"]
    assert await run_all(connection, keys) == ["parent"]
    assert await connection.execute("EXISTS", keys.job("parent")) == 0
    await relay.add_flow_row("1", tree)
    assert await run_all(connection, keys) == []


async def test_a_flow_that_was_refused_can_come_again(
    relay: RelayQueue, connection: Connection, keys: QueueKeys
) -> None:
    await relay.add_flow_row("1", flow(keys.queue, "parent", "child"))
    other = flow(keys.queue, "other", "child")
    with pytest.raises(FlowRefused, match="child of another job"):
        await relay.add_flow_row("2", other)
    await run_all(connection, keys)
    await run_all(connection, keys)
    await relay.add_flow_row("2", other)
    assert await run_all(connection, keys) == ["child"]
