"""How long the oldest job of each state has stood there."""

import math
import time
from collections.abc import Sequence

import pytest

from toril.bull.connection import Connection
from toril.bull.inspect import QueueInspector
from toril.bull.inspect.ages import MOST_JOBS_A_STATE
from toril.bull.keys import QueueKeys
from toril.bull.replies import Argument
from toril.types import JobState

MINUTE = 60.0


class Planted:
    """A queue in which jobs are put by hand, at times of their own."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self.keys = keys
        self.now = time.time()

    async def job(self, job_id: str, *, ago: float, started: float | None = None, opts: str = "{}") -> None:
        """A job's hash: added so many seconds ago, and started so many seconds ago."""
        fields: list[Argument] = ["timestamp", self.at(ago), "opts", opts]
        if started is not None:
            fields += ["processedOn", self.at(started)]
        await self._connection.execute("HSET", self.keys.job(job_id), *fields)

    async def put(self, command: str, key: str, *arguments: Argument) -> None:
        await self._connection.execute(command, self.keys.base + key, *arguments)

    def at(self, ago: float) -> int:
        return math.floor((self.now - ago) * 1000)

    async def ages(self) -> dict[JobState, float]:
        """Whole seconds, as seen when the queue was planted."""
        ages = await QueueInspector(self._connection, self.keys).oldest()
        # The clock has gone on since; no test takes minutes.
        return {state: age - age % 10 for state, age in ages.items()}


@pytest.fixture
def planted(connection: Connection, keys: QueueKeys) -> Planted:
    return Planted(connection, keys)


async def test_an_empty_queue_has_no_ages(planted: Planted) -> None:
    assert await planted.ages() == {}


async def test_a_job_waits_since_it_was_added(planted: Planted) -> None:
    for job_id, ago in [("1", 300.0), ("2", 200.0)]:
        await planted.job(job_id, ago=ago)
        await planted.put("LPUSH", "wait", job_id)
    assert await planted.ages() == {JobState.WAITING: 300.0}


async def test_a_delayed_job_waits_since_it_was_due(planted: Planted) -> None:
    await planted.job("1", ago=3_600.0, opts='{"delay": 3500000}')
    await planted.put("LPUSH", "wait", "1")
    assert await planted.ages() == {JobState.WAITING: 100.0}


async def test_a_job_that_was_tried_waits_since_its_last_start(planted: Planted) -> None:
    await planted.job("1", ago=3_600.0, started=60.0)
    await planted.put("LPUSH", "wait", "1")
    assert await planted.ages() == {JobState.WAITING: 60.0}


async def test_one_that_was_put_in_front_does_not_hide_those_behind(planted: Planted) -> None:
    for job_id, ago in [("old", 600.0), ("new", 0.0)]:
        await planted.job(job_id, ago=ago)
        await planted.put("RPUSH", "wait", job_id)
    assert await planted.ages() == {JobState.WAITING: 600.0}


async def test_jobs_of_a_paused_queue_of_an_older_bullmq_wait_too(planted: Planted) -> None:
    await planted.job("1", ago=120.0)
    await planted.put("LPUSH", "paused", "1")
    assert await planted.ages() == {JobState.WAITING: 120.0}


async def test_a_job_is_active_since_it_was_started(planted: Planted) -> None:
    for job_id, started in [("1", 500.0), ("2", 100.0)]:
        await planted.job(job_id, ago=3_600.0, started=started)
        await planted.put("LPUSH", "active", job_id)
    assert await planted.ages() == {JobState.ACTIVE: 500.0}


async def test_a_starving_priority_shows(planted: Planted) -> None:
    """The urgent ones are young, as they are taken all the time."""
    for number in range(100):
        await planted.job(f"urgent {number}", ago=1.0)
        await planted.put("ZADD", "prioritized", 2**32 + number, f"urgent {number}")
    for number, ago in enumerate([900.0, 800.0]):
        await planted.job(f"starving {number}", ago=ago)
        await planted.put("ZADD", "prioritized", 7 * 2**32 + number, f"starving {number}")
    assert await planted.ages() == {JobState.PRIORITIZED: 900.0}


async def test_of_many_priorities_the_least_urgent_are_looked_at(planted: Planted) -> None:
    for priority in range(1, MOST_JOBS_A_STATE + 11):
        await planted.job(f"{priority}", ago=10.0 * (2_000 - priority))
        await planted.put("ZADD", "prioritized", priority * 2**32, f"{priority}")
    assert await planted.ages() == {JobState.PRIORITIZED: 10.0 * (2_000 - 11)}


@pytest.mark.parametrize(("ago", "age"), [(-3_600.0, 0.0), (90.0, 90.0)])
async def test_a_delayed_job_is_as_old_as_it_is_overdue(planted: Planted, ago: float, age: float) -> None:
    await planted.put("ZADD", "delayed", planted.at(ago) * 4096 + 5, "1", planted.at(ago - 60) * 4096, "2")
    assert await planted.ages() == {JobState.DELAYED: age}


@pytest.mark.parametrize("state", [JobState.WAITING_CHILDREN, JobState.COMPLETED, JobState.FAILED])
async def test_the_other_states_tell_their_times(planted: Planted, state: JobState) -> None:
    await planted.put("ZADD", state.value, planted.at(70.0), "2", planted.at(700.0), "1")
    assert await planted.ages() == {state: 700.0}


@pytest.mark.parametrize("fields", [[], ["timestamp", "soon"], ["timestamp", ""], ["opts", "{"]])
async def test_a_job_that_does_not_tell_is_passed_over(planted: Planted, fields: Sequence[str]) -> None:
    if fields:
        await planted.put("HSET", "broken", *fields)
    await planted.put("RPUSH", "wait", "broken")
    await planted.put("RPUSH", "active", "broken")
    await planted.put("ZADD", "prioritized", 2**32, "broken")
    assert await planted.ages() == {}


async def test_times_that_lie_ahead_are_no_age(planted: Planted) -> None:
    await planted.job("1", ago=-3_600.0, started=-3_600.0)
    await planted.put("RPUSH", "wait", "1")
    await planted.put("ZADD", "failed", planted.at(-3_600.0), "2")
    assert await planted.ages() == {JobState.WAITING: 0.0, JobState.FAILED: 0.0}
