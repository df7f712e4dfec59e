"""What a handler raises to end its run without a result and without a failure.

RunEnded
├── RateLimited             hold the queue for a while: whomever the handlers call asks for it
├── MovedToDelayed          run the job again later, raised by `context.move_to_delayed`
├── MovedToWaiting          run the job again at once, raised by `context.move_to_waiting`
├── MovedToWaitingChildren  run the job again after its children, raised by `context.wait_for_children`
└── FailedByChild           fail the job as its child did, raised by `context.wait_for_children`

As with asyncio's CancelledError, `except Exception` in a handler lets them pass, and what `finally` and
`async with` have to do is done. They may come out of a task group of the handler's own, as long as nothing
else went wrong in it.
"""

from toril.bull.intake import TakenJob
from toril.bull.outcomes import Limited, Outcome, Parked, Postponed, Released
from toril.types import Keep
from toril.types.job_options import LONGEST_DELAY
from toril.worker.failures import failed_for_good, innermost


class RunEnded(BaseException):
    """A run that ends here, by no failure of its own; no attempt is burnt."""

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        """What becomes of the job; `keep_failed` is for one that does not say so itself."""
        raise NotImplementedError


class RateLimited(RunEnded):
    """Raise it in a handler to hold the queue: its job goes back unharmed, and none starts for a while.

    All our workers obey, and Node workers that have a rate limit of their own or are given one by the queue.

    Args:
        retry_after: seconds.

    Raises:
        ValueError: `retry_after` is less than 0, or more than 100 years.
    """

    def __init__(self, retry_after: float) -> None:
        self.retry_after = check_seconds("retry_after", retry_after)
        super().__init__(f"rate limited, for {retry_after:g} s")

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        return Limited(job.id, job.token, self.retry_after)


class MovedToDelayed(RunEnded):
    """The job runs again after `delay` seconds."""

    def __init__(self, delay: float) -> None:
        self.delay = check_seconds("delay", delay)
        super().__init__(f"moved to delayed, for {delay:g} s")

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        return Postponed(job.id, job.token, self.delay, burns_attempt=False)


class MovedToWaiting(RunEnded):
    """The job runs again as soon as a worker is free."""

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        return Released(job.id, job.token)


class MovedToWaitingChildren(RunEnded):
    """The job runs again when its children are through."""

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        return Parked(job.id, job.token)


class FailedByChild(RunEnded):
    """The job fails for good, for a child has and was to take it with it; `child_key` is the child's."""

    def __init__(self, child_key: str) -> None:
        self.child_key = child_key
        # In the words of BullMQ.
        self.reason = f"child {child_key} failed"
        super().__init__(self.reason)

    def outcome(self, job: TakenJob, keep_failed: Keep | None) -> Outcome:
        return failed_for_good(job, self.reason, job.stacktrace, keep_failed)


def signal_in(error: BaseException) -> RunEnded | None:
    """The signal that `error` is, or that a task group wrapped; None if something else went wrong too."""
    signals = [each if isinstance(each, RunEnded) else None for each in innermost(error)]
    return None if None in signals else signals[0]


def check_seconds(what: str, seconds: float) -> float:
    """The seconds, if Redis can wait for so long.

    Raises:
        ValueError: less than 0, more than 100 years, or not a number.
    """
    if not 0 <= seconds <= LONGEST_DELAY:
        raise ValueError(f"{what} {seconds!r}: it must be seconds, from 0 to 100 years")
    return seconds
