"""What can go wrong at the producer.

BackendError
├── JobFailed        a job whose result was awaited has failed for good
├── ServiceClosed    the service was used before it was entered or after it was left, or left during a call
└── InvalidKeyEntry  an entry of TORIL_API_KEYS that cannot be read

What toril.jobs raises (InvalidPayload, InvalidResult, NotAContract) and what toril.bull raises
(BrokerUnavailable, JobNotFound …) passes through as it is; toril.backend exports the latter too.
"""


class BackendError(Exception):
    """Anything that toril.backend raises on purpose."""


class JobFailed(BackendError):
    """A job whose result was awaited has failed for good.

    Attributes:
        reason: what its last attempt said.
        stacktrace: the worker's stack traces, one for each attempt, oldest first.
    """

    def __init__(self, queue: str, job_id: str, reason: str, stacktrace: tuple[str, ...]) -> None:
        self.queue = queue
        self.job_id = job_id
        self.reason = reason
        self.stacktrace = stacktrace
        super().__init__(f"job {job_id!r} of queue {queue!r} failed: {reason}")


class ServiceClosed(BackendError, RuntimeError):
    """The service was used before it was entered or after it was left, or it was left during a call."""

    def __init__(self) -> None:
        super().__init__(
            "the queue service is not open: call it inside `async with QueueService.connect(…)`, "
            "and wait there until the calls have ended"
        )


class InvalidKeyEntry(BackendError, ValueError):
    """An entry of TORIL_API_KEYS that cannot be read; what it holds is not shown."""

    def __init__(self, number: int, fault: str) -> None:
        self.number = number
        self.fault = fault
        super().__init__(
            f"entry {number} of TORIL_API_KEYS cannot be read: {fault}; `toril key create` prints a right one"
        )
