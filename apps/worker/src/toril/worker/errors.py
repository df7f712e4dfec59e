"""What can go wrong in a worker.

WorkerError
├── HandlerError            a handler that cannot be registered
│   ├── DuplicateHandler    two handlers for one contract
│   ├── DuplicateBackoff    two strategies for one kind of backoff
│   ├── UnknownBackoff      a contract whose kind of backoff no strategy makes
│   ├── UnsuitableHandler   a function that cannot be called as its contract asks
│   └── HandlerNotImportable  one for child processes that they cannot import
├── BadTarget               MODULE:NAME that cannot be loaded, or is not what is needed
├── DatabaseInReach         a worker that is to have no database could reach one
├── NoHandlers              a worker for a queue that none of its handlers serves
├── WorkerNotEntered        a worker that runs before it is connected
├── HealthServerFailed      an address that the health server cannot listen on
├── WrongContract           a job taken by hand is read as one of another contract
├── OutcomeRefused          what a job taken by hand was to become was not accepted
├── Unrecoverable           raised by a handler: fail the job, whatever attempts it has left
├── BackoffFailed           a strategy of the application's own did not say how long to wait
├── JobTimedOut             a handler did not end within its contract's timeout
├── RaisedInChild           what a handler raised in a child process
├── ChildProcessDied        a child process ended while it ran a job
│   └── MemoryLimitExceeded   it was killed, for it took more memory than it may
├── HandlerStopped          a handler tried to end the process or was cancelled from within
└── UnknownJob              no worker knew the job's name for as long as it was given
"""

import signal
from collections.abc import Sequence


class WorkerError(Exception):
    """Anything that toril.worker raises on purpose."""


class HandlerError(WorkerError, TypeError):
    """A handler that cannot be registered."""


class DuplicateHandler(HandlerError):
    """Two handlers for one contract."""

    def __init__(self, queue: str, name: str, first: str, second: str) -> None:
        self.queue = queue
        self.name = name
        self.first = first
        self.second = second
        super().__init__(
            f"job {name!r} of queue {queue!r} has two handlers: {first} and {second}; remove one of them"
        )


class DuplicateBackoff(HandlerError):
    """Two strategies for one kind of backoff."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__(f"backoff {kind!r} has two strategies; remove one of them")


class UnknownBackoff(HandlerError):
    """A contract whose kind of backoff no strategy makes."""

    def __init__(self, queue: str, name: str, kind: str) -> None:
        self.queue = queue
        self.name = name
        self.kind = kind
        super().__init__(
            f"job {name!r} of queue {queue!r} asks for backoff {kind!r}, which no strategy makes; "
            f"register one: @handlers.backoff({kind!r})"
        )


class UnsuitableHandler(HandlerError):
    """A function that cannot be called as its contract asks."""

    def __init__(self, handler: str, fault: str) -> None:
        self.handler = handler
        self.fault = fault
        super().__init__(f"handler {handler} {fault}")


class BadTarget(WorkerError):
    """MODULE:NAME that cannot be loaded, or is not what is needed."""

    def __init__(self, target: str, fault: str) -> None:
        self.target = target
        self.fault = fault
        super().__init__(f"{target}: {fault}")


class DatabaseInReach(WorkerError):
    """A worker that is to have no database could reach one.

    Attributes:
        found: the variables that name a database, or the drivers that are loaded; never their values.
    """

    def __init__(self, found: Sequence[str]) -> None:
        self.found = tuple(found)
        super().__init__(
            f"this worker is to have no database, but could reach one by {', '.join(found)}; "
            "start it without, from an environment that has toril-worker and what its handlers need"
        )


class HandlerNotImportable(HandlerError):
    """A handler that is to run in child processes, which cannot import it."""

    def __init__(self, handler: str, fault: str) -> None:
        self.handler = handler
        self.fault = fault
        super().__init__(f"{handler} cannot run in a child process: {fault}")


class NoHandlers(WorkerError, LookupError):
    """A worker for a queue that none of its handlers serves."""

    def __init__(self, queue: str, served: list[str]) -> None:
        self.queue = queue
        self.served = served
        known = ", ".join(repr(name) for name in served) or "none at all"
        super().__init__(f"no handler serves queue {queue!r}; these handlers serve {known}")


class WorkerNotEntered(WorkerError, RuntimeError):
    """A worker that runs before it is connected."""

    def __init__(self) -> None:
        super().__init__("enter the worker before it runs: async with factory.create(…) as worker")


class HealthServerFailed(WorkerError, OSError):
    """The health server cannot listen where it is to."""

    def __init__(self, address: str, reason: str) -> None:
        self.address = address
        self.reason = reason
        super().__init__(f"cannot answer health checks on {address}: {reason}")


class WrongContract(WorkerError, LookupError):
    """A job taken by hand is read as one of another contract."""

    def __init__(self, queue: str, name: str, wanted_queue: str, wanted_name: str) -> None:
        self.queue = queue
        self.name = name
        self.wanted_queue = wanted_queue
        self.wanted_name = wanted_name
        super().__init__(
            f"the job is {name!r} of queue {queue!r}, not {wanted_name!r} of {wanted_queue!r}; "
            "look at its record first"
        )


class OutcomeRefused(WorkerError):
    """What a job taken by hand was to become was not accepted: it is settled, or no longer ours."""

    def __init__(self, queue: str, job_id: str, reason: str) -> None:
        self.queue = queue
        self.job_id = job_id
        self.reason = reason
        super().__init__(f"job {job_id!r} of queue {queue!r} cannot be settled: {reason}")


class Unrecoverable(WorkerError):
    """Raise it in a handler to fail the job at once, whatever attempts it has left."""


class BackoffFailed(WorkerError):
    """A backoff strategy of the application's own raised, or its answer is no pause: the job fails."""

    def __init__(self, kind: str, fault: str) -> None:
        self.kind = kind
        self.fault = fault
        super().__init__(f"backoff strategy {kind!r} {fault}")


class JobTimedOut(WorkerError, TimeoutError):
    """A handler did not end within its contract's timeout."""

    def __init__(self, timeout: float) -> None:
        self.timeout = timeout
        super().__init__(f"the handler did not end within {timeout:g} s")


class RaisedInChild(WorkerError):
    """What a handler raised in a child process; the error itself stays there.

    Attributes:
        reason: its type and message, as if it had been raised here.
        trace: its stack trace.
        is_hopeless: a second attempt would meet the same.
    """

    def __init__(self, reason: str, trace: str, *, is_hopeless: bool) -> None:
        self.reason = reason
        self.trace = trace
        self.is_hopeless = is_hopeless
        super().__init__(reason)


class ChildProcessDied(WorkerError):
    """A child process ended while it ran a job: it crashed, was killed, or its handler ended it.

    Attributes:
        pid: the process's id.
        exit_code: what it ended with; less than 0 for the signal that killed it.
    """

    def __init__(self, pid: int, exit_code: int, why: str = "") -> None:
        self.pid = pid
        self.exit_code = exit_code
        how = f"signal {signal_name(-exit_code)}" if exit_code < 0 else f"exit code {exit_code}"
        super().__init__(why or f"child process {pid} died in mid-run: {how}")


class MemoryLimitExceeded(ChildProcessDied):
    """A child process took more memory than it may, and was killed. Both values are bytes."""

    def __init__(self, pid: int, exit_code: int, *, limit: int, taken: int) -> None:
        self.limit = limit
        self.taken = taken
        excess = f"child process {pid} was killed: it took {taken:,} bytes of memory, and may take {limit:,}"
        super().__init__(pid, exit_code, excess)


class HandlerStopped(WorkerError):
    """A handler tried to end the process, or was cancelled from within; only its job fails."""

    def __init__(self, cause: BaseException) -> None:
        self.cause = cause
        super().__init__(f"the handler raised {type(cause).__name__}")


class UnknownJob(WorkerError):
    """No worker knew the job's name for as long as it was given."""

    def __init__(self, name: str, known: list[str], grace: float) -> None:
        self.name = name
        self.known = known
        self.grace = grace
        names = ", ".join(repr(each) for each in known)
        super().__init__(f"no worker knew job {name!r} for {grace:g} s; this one handles {names}")


def signal_name(number: int) -> str:
    """The name of a signal, or its number if it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
