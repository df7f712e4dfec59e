"""A contract: what both sides of a queue agree on for one job."""

from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from toril.jobs.codec import Codec
from toril.jobs.errors import InvalidPayload, Problem
from toril.jobs.policy import Keep, Retry
from toril.jobs.queues import Queue
from toril.types import Schedule

J = TypeVar("J")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contract(Generic[J, R]):
    """One job's queue, name and policy, and its payload and result as JSON.

    Made by declaring a `Job`; read by `contract()` of that class.

    Attributes:
        retry: how often the job is tried.
        timeout: how long an attempt may take, in seconds; None is as long as it takes.
        keep_completed, keep_failed: how long finished jobs stay; None leaves that to the worker.
        size_limit: how many bytes of JSON a payload may have; None is any number.
        log_limit: how many lines of its log a job keeps; None leaves that to the worker.
        stack_trace_limit: of how many failed attempts a job keeps the stack trace; None is all.
        version: travels with each job, so that a worker can tell by which release it was written; None is for
            jobs that nobody declared.
        schedule: when such a job runs by itself, if it does.
        job_type: the class that declares it.
        place: where that class stands, as `file:line`.
    """

    queue: Queue
    name: str
    version: int | None
    retry: Retry
    timeout: float | None
    keep_completed: Keep | None
    keep_failed: Keep | None
    size_limit: int | None
    log_limit: int | None
    stack_trace_limit: int | None
    schedule: Schedule | None = None
    job_type: type[J]
    place: str
    payload_codec: Codec[J] = field(repr=False)
    result_codec: Codec[R] = field(repr=False)

    @property
    def key(self) -> tuple[str, str]:
        """The names of queue and job: what tells a contract from all others."""
        return self.queue.name, self.name

    def encode(self, job: J) -> bytes:
        """The payload as JSON, under its aliases.

        Raises:
            InvalidPayload: the job was changed, or made without validation, so that a worker could not read
                it; or it holds NaN or infinity; or it has more bytes than its contract allows, or 64 MiB.
        """
        # Pydantic's isinstance is slow, and seldom needed.
        if type(job) is not self.job_type and not isinstance(job, self.job_type):
            kind = f"a {self.job_type.__name__} is wanted, not a {type(job).__name__}"
            raise InvalidPayload(*self.key, (Problem("", kind),))
        data = self.payload_codec.write(job)
        if self.size_limit is not None and len(data) > self.size_limit:
            excess = f"{len(data):,} bytes of JSON are more than its size_limit, {self.size_limit:,}"
            raise InvalidPayload(*self.key, (Problem("", excess),))
        return data

    def decode(self, data: bytes | str) -> J:
        """The job that a payload holds.

        Raises:
            InvalidPayload: it does not fit, or is not JSON.
        """
        return self.payload_codec.read(data)

    def encode_result(self, value: R) -> bytes:
        """A result as JSON, under its aliases.

        Raises:
            InvalidResult: it does not fit, is not JSON, holds NaN or infinity, or is larger than 64 MiB.
        """
        return self.result_codec.write(value)

    def decode_result(self, data: bytes | str) -> R:
        """The result that was stored.

        Raises:
            InvalidResult: it does not fit, or is not JSON.
        """
        return self.result_codec.read(data)


class HasContract(Protocol[J, R]):
    """A class of jobs, to those who want its contract: from it, both types are inferred.

    def handles(contract: HasContract[J, R]) -> Callable[[Callable[[J], R]], Callable[[J], R]]: ...
    """

    def contract(self) -> Contract[J, R]: ...
