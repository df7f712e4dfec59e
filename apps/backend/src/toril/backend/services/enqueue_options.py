"""From a typed job to what is added to Redis."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from toril.bull.options import JobOptions, check_job_id, options_of
from toril.bull.queue import NewJob
from toril.jobs import Contract, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class EnqueueOptions:
    """What the caller of `enqueue` wants beyond the contract; see there."""

    delay: float = 0.0
    priority: int = 0
    lifo: bool = False


def new_job(
    contract: Contract[Any, Any], job: Job[Any], options: EnqueueOptions, job_id: str | None = None
) -> NewJob:
    """The job as it is added, proven to fit its contract.

    Raises:
        InvalidPayload: it does not.
        InvalidJobOptions: an option out of range.
    """
    if job_id is not None:
        check_job_id(job_id)
    return NewJob(contract.name, contract.encode(job), _options(contract, options), job_id)


# Most jobs of a contract share their options.
@lru_cache(maxsize=1024)
def _options(contract: Contract[Any, Any], options: EnqueueOptions) -> JobOptions:
    return options_of(contract, delay=options.delay, priority=options.priority, lifo=options.lifo)
