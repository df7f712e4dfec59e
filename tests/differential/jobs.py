"""Short ways to say what the tests add and how it ends."""

from typing import Any

from differential.pair import TOKEN

from toril.bull.outcomes import Completed, Failed, Limited, Parked, Postponed, Released, Retried
from toril.bull.queue import NewJob
from toril.types import Keep
from toril.types.job_options import JobOptions


def job(
    name: str = "paint", *, job_id: str | None = None, data: bytes = b'{"n":1}', **options: Any
) -> NewJob:
    return NewJob(name, data, JobOptions(**options), job_id)


def completed(
    job_id: str, *, result: bytes = b'"done"', token: str = TOKEN, keep: Keep | None = None
) -> Completed:
    return Completed(job_id, token, result, keep)


def failed(
    job_id: str, *, reason: str = "no paint", attempts: int = 1, token: str = TOKEN, keep: Keep | None = None
) -> Failed:
    return Failed(job_id, token, reason, ("Error: no paint", "  at easel.py:1"), attempts, keep)


def retried(job_id: str, *, token: str = TOKEN) -> Retried:
    return Retried(job_id, token, "no paint", ("Error: no paint",))


def postponed(
    job_id: str,
    *,
    delay: float = 5.0,
    reason: str | None = "no paint",
    burns: bool = True,
    token: str = TOKEN,
) -> Postponed:
    return Postponed(job_id, token, delay, reason, ("Error: no paint",) if reason else (), burns)


def released(job_id: str, *, token: str = TOKEN) -> Released:
    return Released(job_id, token)


def limited(job_id: str, *, retry_after: float = 30.0, token: str = TOKEN) -> Limited:
    return Limited(job_id, token, retry_after)


def parked(job_id: str, *, token: str = TOKEN) -> Parked:
    return Parked(job_id, token)
