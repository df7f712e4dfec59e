"""Which locks a worker goes on renewing."""

from typing import Any

from support.waiting import eventually
from toril.bull.intake import TakenJob
from toril.bull.outcomes import Completed
from toril.types.job_options import JobOptions
from toril.worker.locks import LockKeeper


def taken(job_id: str, token: str) -> TakenJob:
    return TakenJob(job_id, "paint", b"{}", token, JobOptions(), 0, 1, 0, 0.0)


def done(job_id: str, token: str) -> Completed:
    return Completed(job_id, token, b"null")


def keeper() -> LockKeeper:
    """One whose thread does not run, so that each lock that it holds is late at once."""
    nothing: Any = None
    return LockKeeper(nothing, lock_duration=0.006, grace=1.0, on_lost=nothing, on_cancelled=nothing)


async def test_a_lock_is_held_until_its_own_run_is_settled() -> None:
    locks = keeper()
    locks.exchanged([], [taken("1", "ours")])
    locks.exchanged([done("1", "another run's"), done("2", "ours")], [])
    await eventually(lambda: locks.lag > 0)
    locks.exchanged([done("1", "ours")], [])
    assert locks.lag == 0


async def test_a_job_that_is_settled_and_taken_again_at_once_is_held() -> None:
    locks = keeper()
    locks.exchanged([], [taken("1", "first"), taken("2", "reclaimed")])
    locks.exchanged([done("1", "first"), done("2", "reclaimed")], [taken("1", "second")])
    locks.exchanged([done("1", "first")], [])
    await eventually(lambda: locks.lag > 0)
    locks.exchanged([done("1", "second")], [])
    assert locks.lag == 0
