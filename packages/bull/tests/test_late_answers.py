"""Answers that lay unread while the event loop was held up: their jobs may be another worker's by then."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.intake import Intake, Taken
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.bull.thread_connection import ThreadConnection
from toril.types.job_options import JobOptions

LOCK = 4.0
TOKEN = "w:1"  # noqa: S105


@pytest.fixture
def observer(broker: EmbeddedBroker) -> Iterator[ThreadConnection]:
    """A connection that needs no event loop."""
    with ThreadConnection.open(broker.url, client_name="observer") as connection:
        yield connection


@pytest.fixture
async def intake(connection: Connection, keys: QueueKeys) -> Intake:
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", JobOptions())] * 2)
    intake = Intake(connection, keys, worker_id="w", lock_duration=LOCK)
    await intake.settle_and_take([], 0)  # the server knows the script from now on: one step sends it
    return intake


async def take_and_be_held_up(
    intake: Intake, observer: ThreadConnection, keys: QueueKeys, seconds: float
) -> Taken:
    """Takes two jobs; the event loop stands still from when they are taken, for so long."""
    taking = asyncio.create_task(intake.settle_and_take([], 2))
    await asyncio.sleep(0)
    deadline = time.monotonic() + 20
    while observer.execute("LLEN", keys.active) < 2:
        assert time.monotonic() < deadline
    time.sleep(seconds)  # noqa: ASYNC251 - as a careless handler does
    return await taking


async def test_jobs_whose_locks_ran_out_before_the_answer_was_read_are_not_taken(
    intake: Intake, observer: ThreadConnection, keys: QueueKeys
) -> None:
    taken = await take_and_be_held_up(intake, observer, keys, 1.1 * LOCK)

    assert taken.jobs == []
    assert intake.token_in_doubt is None


async def test_jobs_whose_locks_still_hold_are_taken_and_locked_anew(
    intake: Intake, observer: ThreadConnection, keys: QueueKeys
) -> None:
    taken = await take_and_be_held_up(intake, observer, keys, 0.6 * LOCK)

    assert [job.id for job in taken.jobs] == ["1", "2"]
    assert observer.execute("PTTL", keys.lock("1")) > 0.5 * LOCK * 1_000


async def test_a_job_that_was_deleted_by_hand_meanwhile_does_not_cost_the_others(
    connection: Connection, keys: QueueKeys
) -> None:
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", JobOptions())] * 3)
    intake = Intake(connection, keys, worker_id="w", lock_duration=LOCK)
    await intake.settle_and_take([], 3, token=TOKEN)
    await connection.execute("DEL", keys.job("2"))
    intake.token_in_doubt = TOKEN
    assert [job.id for job in await intake.reclaim()] == ["1", "3"]
