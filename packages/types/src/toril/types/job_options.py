"""A job's options, as Python says them; toril.bull's codec turns them into BullMQ's `opts`."""

from dataclasses import dataclass, field
from typing import Protocol

from toril.types.custom_backoff import CustomBackoff
from toril.types.deduplication import Deduplicate
from toril.types.policy import Backoff, Keep

HIGHEST_PRIORITY_NUMBER = 2**21 - 1
LONGEST_DELAY = 100 * 365 * 86_400.0
LATEST_MOMENT = 253_402_300_800.0
"""The year 10000, in epoch seconds."""


class InvalidJobOptions(ValueError):
    """An option that BullMQ would refuse, or read as something else."""

    def __init__(self, option: str, value: object, rule: str) -> None:
        self.option = option
        self.value = value
        self.rule = rule
        super().__init__(f"{option}={value!r}: {rule}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobOptions:
    """How one job is to be treated. Durations are seconds.

    Args:
        attempts: how often it may be tried, 1 or more.
        backoff: the pause between attempts; None retries at once.
        delay: wait this long before the job may start.
        priority: 0 is none (first in, first out, before all others); else 1 (first) to 2,097,151 (last).
        lifo: put it at the front of the waiting jobs.
        expires_in: so long after it was added it is not started any more; None for no end. Node ignores it.
        keep_completed, keep_failed: how long it stays after its end; None leaves that to the worker.
        stack_trace_limit: keep the stack traces of this many failed attempts, the newest; None keeps all.
        log_limit: keep this many lines of its log, the newest; None leaves that to the worker.
        size_limit: how many bytes of JSON its payload may have; only noted here.
        deduplicate: the key that it holds, by which others are not added.
        enqueued_at: when it counts as added, in epoch seconds; None for the present.
        contract_version: the contract's version; Node ignores it. 1 is not stored: it is that of jobs that
            say nothing of it.

    Raises:
        InvalidJobOptions: a value out of range.
    """

    attempts: int = 1
    backoff: Backoff | CustomBackoff | None = None
    delay: float = 0.0
    priority: int = 0
    lifo: bool = False
    expires_in: float | None = None
    keep_completed: Keep | None = None
    keep_failed: Keep | None = None
    stack_trace_limit: int | None = None
    log_limit: int | None = None
    size_limit: int | None = None
    deduplicate: Deduplicate | None = None
    enqueued_at: float | None = None
    contract_version: int | None = None

    is_own: bool = field(default=False, init=False, repr=False, compare=False)
    """Whether they hold something of this one job's own, so that they are not worth remembering."""

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise InvalidJobOptions("attempts", self.attempts, "a job is tried at least once")
        if not 0 <= self.delay <= LONGEST_DELAY:
            raise InvalidJobOptions("delay", self.delay, "seconds, from 0 to 100 years")
        if not 0 <= self.priority <= HIGHEST_PRIORITY_NUMBER:
            raise InvalidJobOptions("priority", self.priority, f"0 (none) or 1 to {HIGHEST_PRIORITY_NUMBER}")
        if self.expires_in is not None and not 0.001 <= self.expires_in <= LONGEST_DELAY:
            raise InvalidJobOptions("expires_in", self.expires_in, "seconds, up to 100 years, or None")
        if self.stack_trace_limit is not None and self.stack_trace_limit < 0:
            raise InvalidJobOptions("stack_trace_limit", self.stack_trace_limit, "0 or more, or None for all")
        if self.log_limit is not None and self.log_limit < 1:
            raise InvalidJobOptions("log_limit", self.log_limit, "1 or more, or None for the worker's choice")
        if self.size_limit is not None and self.size_limit < 1:
            raise InvalidJobOptions("size_limit", self.size_limit, "1 or more bytes, or None for any number")
        if self.enqueued_at is not None and not 0.001 <= self.enqueued_at < LATEST_MOMENT:
            raise InvalidJobOptions("enqueued_at", self.enqueued_at, "after 1970 and before the year 10000")
        # Asked for each job that is added.
        object.__setattr__(self, "is_own", self.deduplicate is not None or self.enqueued_at is not None)


class RetryPolicy(Protocol):
    """How often a job is tried, as its contract says."""

    @property
    def attempts(self) -> int: ...
    @property
    def backoff(self) -> Backoff | CustomBackoff | None: ...


class JobPolicy(Protocol):
    """What a contract says of how its jobs are to be treated; a contract of toril.jobs is one."""

    @property
    def retry(self) -> RetryPolicy: ...
    @property
    def keep_completed(self) -> Keep | None: ...
    @property
    def keep_failed(self) -> Keep | None: ...
    @property
    def size_limit(self) -> int | None: ...
    @property
    def log_limit(self) -> int | None: ...
    @property
    def stack_trace_limit(self) -> int | None: ...
    @property
    def version(self) -> int | None: ...


def options_of(
    policy: JobPolicy,
    *,
    delay: float = 0.0,
    priority: int = 0,
    lifo: bool = False,
    expires_in: float | None = None,
    deduplicate: Deduplicate | None = None,
    enqueued_at: float | None = None,
) -> JobOptions:
    """The options of one job: what its contract says, and what its producer adds.

    Raises:
        InvalidJobOptions: a value out of range.
    """
    if expires_in is not None and expires_in <= delay:
        raise InvalidJobOptions(
            "expires_in", expires_in, f"more than its delay, {delay:g} s, or it never starts"
        )
    return JobOptions(
        attempts=policy.retry.attempts,
        backoff=policy.retry.backoff,
        delay=delay,
        priority=priority,
        lifo=lifo,
        expires_in=expires_in,
        keep_completed=policy.keep_completed,
        keep_failed=policy.keep_failed,
        stack_trace_limit=policy.stack_trace_limit,
        log_limit=policy.log_limit,
        size_limit=policy.size_limit,
        deduplicate=deduplicate,
        enqueued_at=enqueued_at,
        contract_version=policy.version,
    )


# What a queue's own keys end in: a job of such an id would be stored where the queue keeps something else.
_TAKEN_IDS = frozenset(
    {
        *("active", "completed", "delayed", "events", "failed", "id", "limiter", "marker", "meta", "paused"),
        *("pc", "prioritized", "repeat", "stalled", "stalled-check", "wait", "waiting-children"),
    }
)
LONGEST_JOB_ID = 500
_PARTS_OF_A_JOB = ("lock", "logs", "dependencies", "processed", "failed", "unsuccessful")


def may_name_job(job_id: str) -> bool:
    """Whether a job can have this id, whoever added it: a queue keeps other things beside its jobs."""
    owner, _, part = job_id.rpartition(":")
    if owner:
        return part not in _PARTS_OF_A_JOB and not job_id.startswith(("de:", "metrics:"))
    return job_id != "" and job_id not in _TAKEN_IDS


def check_job_id(job_id: str) -> str:
    """The id, if BullMQ accepts it as a custom one (bullmq-protocol §3.1) and it does no harm.

    Raises:
        InvalidJobOptions: it is empty or very long, looks like a number (those are given by Redis), contains
            ":" or what is no character, or is the name of one of the queue's own keys.
    """
    if not 0 < len(job_id) <= LONGEST_JOB_ID:
        raise InvalidJobOptions("job_id", job_id[:50], f"1 to {LONGEST_JOB_ID} characters")
    if job_id.lstrip("+-").isdecimal():
        raise InvalidJobOptions("job_id", job_id, "whole numbers are given by Redis; put a letter in front")
    if ":" in job_id:
        raise InvalidJobOptions("job_id", job_id, "must not contain ':', which separates the parts of a key")
    if job_id in _TAKEN_IDS:
        raise InvalidJobOptions("job_id", job_id, "the queue has a key of that name; put a word in front")
    if job_id.encode("utf-8", "replace").decode() != job_id:
        raise InvalidJobOptions("job_id", job_id, "contains half of a character (a lone surrogate)")
    return job_id
