"""A function that runs jobs: those of one contract, or all those of a queue that have no other handler."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import JsonValue

from toril.bull.intake import TakenJob
from toril.jobs import Contract, Queue
from toril.jobs.raw import LONGEST_NAME, raw_contract
from toril.types import JobRecord, JobState
from toril.worker.context import JobContext
from toril.worker.errors import UnsuitableHandler

J = TypeVar("J")
R = TypeVar("R")

HandlerFunction = Callable[[J, JobContext], Awaitable[R]]
RawFunction = HandlerFunction[JobRecord, JsonValue]


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler function and the contract whose jobs it runs."""

    contract: Contract[Any, Any]
    function: HandlerFunction[Any, Any]

    @property
    def timeout(self) -> float | None:
        return self.contract.timeout

    def read(self, job: TakenJob) -> Any:
        """What the function is given.

        Raises:
            InvalidPayload: it does not fit the contract.
        """
        return self.contract.decode(job.data)

    def write(self, job: TakenJob, result: Any) -> bytes:
        """What the function returned, as JSON.

        Raises:
            InvalidResult: it does not fit the contract.
        """
        return self.contract.encode_result(result)


@dataclass(frozen=True, slots=True)
class RawHandler:
    """A handler function for whatever job comes: it gets the record, and returns any JSON value."""

    queue: Queue
    function: RawFunction

    @property
    def timeout(self) -> float | None:
        return self.queue.timeout

    def read(self, job: TakenJob) -> JobRecord:
        """What the function is given: the job as it was taken."""
        return record_of(job, self.queue.name)

    def write(self, job: TakenJob, result: JsonValue) -> bytes:
        """What the function returned, as JSON.

        Raises:
            InvalidResult: it is no JSON, holds NaN or infinity, or is larger than 64 MiB.
        """
        return encode_json_result(self.queue.name, job.name, result)


def record_of(job: TakenJob, queue: str) -> JobRecord:
    """A job as it was taken. What a worker has no use for (progress, parent, worker) is left out."""
    options = job.options
    return JobRecord(
        queue=queue,
        id=job.id,
        name=job.name,
        data=job.data.decode("utf-8", "replace"),
        state=JobState.ACTIVE,
        enqueued_at=datetime.fromtimestamp(job.enqueued_at, UTC),
        delay=options.delay,
        priority=options.priority,
        attempts=options.attempts,
        attempts_made=job.attempts_made,
        attempts_started=job.attempts_started,
        stalled_count=job.stalled_count,
        backoff=options.backoff,
        expires_in=options.expires_in,
        keep_completed=options.keep_completed,
        keep_failed=options.keep_failed,
        stacktrace=job.stacktrace,
        contract_version=options.contract_version,
    )


def encode_json_result(queue: str, name: str, result: JsonValue) -> bytes:
    """The result of a job without a contract, as JSON.

    Raises:
        InvalidResult: it is no JSON, holds NaN or infinity, or is larger than 64 MiB.
    """
    # Node may have given the job a name that no contract of ours can have.
    return raw_contract(Queue(queue), name[:LONGEST_NAME] or "?").encode_result(result)


def place_of(function: Callable[..., object]) -> str:
    """Where a function stands, for messages."""
    code = function.__code__ if inspect.isfunction(function) else None
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{function.__module__}.{function.__qualname__}{where}"


def check_function(function: Callable[..., object]) -> None:
    """Checks that a function can run jobs.

    Raises:
        UnsuitableHandler: not a coroutine function of (job, context).
    """
    if not inspect.iscoroutinefunction(function):
        raise UnsuitableHandler(
            place_of(function), "is not a coroutine function: declare it with `async def`"
        )
    try:
        inspect.signature(function).bind(object(), object())
    except TypeError as fault:
        reason = f"cannot be called with (job, context): {fault}"
        raise UnsuitableHandler(place_of(function), reason) from fault
