"""A server that takes no writes for a while: what it refused to settle can be settled later."""

import pytest

from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable, CommandRefused
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Limited, Outcome, Parked, Postponed, Released, Retried
from toril.bull.queue import JobQueue, NewJob
from toril.types.job_options import JobOptions

TOKEN = "w:1"  # noqa: S105
OUTCOMES: list[Outcome] = [
    Completed("1", TOKEN, b"null"),
    Failed("1", TOKEN, "no paint", ("trace",), 1),
    Retried("1", TOKEN, "no paint", ("trace",)),
    Postponed("1", TOKEN, 60.0, "no paint", ("trace",)),
    Released("1", TOKEN),
    Limited("1", TOKEN, 60.0),
    Parked("1", TOKEN),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
async def test_an_outcome_that_full_memory_refused_is_taken_once_there_is_room(
    own_connection: Connection, outcome: Outcome
) -> None:
    keys = QueueKeys("paint", "bull")
    await JobQueue(own_connection, keys).add([NewJob("paint", b"{}", JobOptions())])
    intake = Intake(own_connection, keys, worker_id="w", lock_duration=60.0)
    await intake.settle_and_take([], 1, token=TOKEN)

    await own_connection.execute("CONFIG", "SET", "maxmemory", 1)
    try:
        assert (await intake.settle_and_take([outcome], 0)).refused == []
    except BrokerUnavailable:
        assert await own_connection.execute("GET", keys.lock("1")) == TOKEN.encode()
        await own_connection.execute("CONFIG", "SET", "maxmemory", 0)
        assert (await intake.settle_and_take([outcome], 0)).refused == []
    assert await own_connection.execute("LLEN", keys.active) == 0


async def test_a_set_of_the_completed_that_is_none_costs_no_other_job(own_connection: Connection) -> None:
    keys = QueueKeys("paint", "bull")
    await JobQueue(own_connection, keys).add([NewJob("paint", b"{}", JobOptions())] * 2)
    intake = Intake(own_connection, keys, worker_id="w", lock_duration=60.0)
    await intake.settle_and_take([], 2, token=TOKEN)
    await own_connection.execute("SET", keys.base + "completed", "no set")
    retried = Retried("2", TOKEN, "no paint", ())
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await intake.settle_and_take([Completed("1", TOKEN, b"null"), retried], 0)
    assert (await intake.settle_and_take([retried], 0)).refused == []
    assert await own_connection.execute("LRANGE", keys.wait, 0, -1) == [b"2"]
