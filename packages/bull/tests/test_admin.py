"""Steering a queue."""

import pytest

from toril.bull.admin import QueueAdmin
from toril.bull.connection import Connection
from toril.bull.errors import JobNotCancellable, JobNotFound
from toril.bull.keys import QueueKeys


async def test_a_job_that_stands_nowhere_is_not_said_to_run(connection: Connection, keys: QueueKeys) -> None:
    await connection.execute("HSET", keys.job("1"), "name", "paint")
    with pytest.raises(JobNotFound):
        await QueueAdmin(connection, keys).cancel("1")


async def test_a_job_that_runs_is_said_to_be_active(connection: Connection, keys: QueueKeys) -> None:
    await connection.execute("HSET", keys.job("1"), "name", "paint")
    await connection.execute("LPUSH", keys.active, "1")
    with pytest.raises(JobNotCancellable, match="it is active"):
        await QueueAdmin(connection, keys).cancel("1")
