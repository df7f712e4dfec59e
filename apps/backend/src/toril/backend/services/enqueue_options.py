"""From a typed job to what is added to Redis."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from toril.bull.queue import NewJob
from toril.jobs import Contract, Deduplicate
from toril.types import InvalidJobOptions
from toril.types.job_options import JobOptions, check_job_id, options_of

DeduplicateEach = Deduplicate | Callable[[Any], Deduplicate | None] | None
"""One deduplication for many jobs, or what says each job's."""


class EnqueueOptions(NamedTuple):
    """What the caller of `enqueue` wants beyond the contract; see there. One is made for each call."""

    delay: float = 0.0
    priority: int = 0
    lifo: bool = False
    expires_in: float | None = None


def new_job(
    contract: Contract[Any, Any],
    job: Any,
    options: EnqueueOptions,
    *,
    job_id: str | None = None,
    deduplicate: Deduplicate | None = None,
    enqueued_at: datetime | None = None,
) -> NewJob:
    """The job as it is added, proven to fit its contract.

    Raises:
        InvalidPayload: it does not.
        InvalidJobOptions: an option out of range.
    """
    if job_id is not None:
        check_job_id(job_id)
    together = _options(contract, options)
    if deduplicate is not None or enqueued_at is not None:
        together = replace(together, deduplicate=deduplicate, enqueued_at=_seconds(enqueued_at))
    return NewJob(contract.name, contract.encode(job), together, job_id)


# Most jobs of a contract share their options.
@lru_cache(maxsize=1024)
def _options(contract: Contract[Any, Any], options: EnqueueOptions) -> JobOptions:
    return options_of(
        contract,
        delay=options.delay,
        priority=options.priority,
        lifo=options.lifo,
        expires_in=options.expires_in,
    )


def _seconds(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidJobOptions("enqueued_at", moment, "give it a time zone, as in datetime.now(UTC)")
    return moment.timestamp()
