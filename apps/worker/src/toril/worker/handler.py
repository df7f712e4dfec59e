"""A function that runs jobs: those of one contract, or all those of a queue that have no other handler."""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, TypeVar

from pydantic import JsonValue

from toril.bull.intake import TakenJob
from toril.jobs import Contract, Queue
from toril.jobs.raw import LONGEST_NAME, raw_contract
from toril.types import JobRecord, JobState
from toril.worker.context import JobContext
from toril.worker.errors import UnsuitableHandler
from toril.worker.isolation.context import BlockingJobContext
from toril.worker.isolation.references import HandlerReference, reference_to

J = TypeVar("J")
R = TypeVar("R")

HandlerFunction = Callable[[J, JobContext], Awaitable[R]]
BlockingFunction = Callable[[J, BlockingJobContext], R]
RawFunction = HandlerFunction[JobRecord, JsonValue]
BlockingRawFunction = BlockingFunction[JobRecord, JsonValue]

RunsIn = Literal["loop", "thread", "process"]
Elsewhere = Literal["thread", "process"]


class RunnableHandler(Protocol):
    """What runs jobs: they are read, given to the function, and what it returns is written."""

    @property
    def timeout(self) -> float | None: ...
    @property
    def function(self) -> Callable[[Any, Any], Any]: ...
    def read(self, job: TakenJob) -> Any: ...
    def write(self, job: TakenJob, result: Any) -> bytes: ...


class RegisteredHandler(RunnableHandler, Protocol):
    """One that an application has registered."""

    @property
    def runs_in(self) -> RunsIn: ...
    def reference(self) -> HandlerReference: ...
    def check_result(self, job: TakenJob, result: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class Handler:
    """A handler function and the contract whose jobs it runs."""

    contract: Contract[Any, Any]
    function: Callable[[Any, Any], Any]
    runs_in: RunsIn = "loop"

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

    def check_result(self, job: TakenJob, result: bytes) -> None:
        """Checks what was written elsewhere.

        Raises:
            InvalidResult: it does not fit the contract.
        """
        self.contract.decode_result(result)

    def reference(self) -> HandlerReference:
        """By what a child process imports it.

        Raises:
            HandlerNotImportable: it cannot.
        """
        job_type = self.contract.job_type
        return HandlerReference(
            function=reference_to(self.function, what=f"handler {place_of(self.function)}"),
            contract=reference_to(job_type, what=f"the contract {job_type.__qualname__} of a handler"),
            queue=self.contract.queue.name,
        )


@dataclass(frozen=True, slots=True)
class RawHandler:
    """A handler function for whatever job comes: it gets the record, and returns any JSON value."""

    queue: Queue
    function: Callable[[JobRecord, Any], Any]
    runs_in: RunsIn = "loop"

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

    def check_result(self, job: TakenJob, result: bytes) -> None:
        """Checks what was written elsewhere.

        Raises:
            InvalidResult: it is no JSON.
        """
        raw_contract_of(self.queue.name, job.name).decode_result(result)

    def reference(self) -> HandlerReference:
        """By what a child process imports it.

        Raises:
            HandlerNotImportable: it cannot.
        """
        function = reference_to(self.function, what=f"handler {place_of(self.function)}")
        return HandlerReference(function=function, contract=None, queue=self.queue.name)


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
    return raw_contract_of(queue, name).encode_result(result)


def raw_contract_of(queue: str, name: str) -> Contract[Any, Any]:
    """A contract that takes and returns any JSON."""
    # Node may have given the job a name that no contract of ours can have.
    return raw_contract(Queue(queue), name[:LONGEST_NAME] or "?")


def place_of(function: Callable[..., object]) -> str:
    """Where a function stands, for messages."""
    code = function.__code__ if inspect.isfunction(function) else None
    where = f" ({code.co_filename}:{code.co_firstlineno})" if code else ""
    return f"{function.__module__}.{function.__qualname__}{where}"


def check_function(function: Callable[..., object], runs_in: RunsIn) -> None:
    """Checks that a function can run jobs, and there.

    Raises:
        UnsuitableHandler: not a function of (job, context), or of the wrong kind for where it is to run.
    """
    is_coroutine = inspect.iscoroutinefunction(function)
    if runs_in == "loop" and not is_coroutine:
        raise UnsuitableHandler(
            place_of(function),
            'is not a coroutine function: declare it with `async def`, or give it runs_in="thread"',
        )
    if runs_in != "loop" and is_coroutine:
        fault = f"runs in a {runs_in}: declare it with `def`, or leave runs_in out"
        raise UnsuitableHandler(place_of(function), fault)
    try:
        inspect.signature(function).bind(object(), object())
    except TypeError as fault:
        reason = f"cannot be called with (job, context): {fault}"
        raise UnsuitableHandler(place_of(function), reason) from fault
