"""Whether, and after what pause, a job is tried again whose attempt has failed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from toril.bull.intake import TakenJob
from toril.types import Backoff, CustomBackoff
from toril.types.job_options import LONGEST_DELAY
from toril.worker.errors import BackoffFailed

BackoffStrategy = Callable[[int, BaseException], float | None]
"""From how many attempts were made (1 or more), and the error of the last one, to the pause in seconds.

None, or less than 0, fails the job for good."""


class RetryRules(NamedTuple):
    """What a worker brings to the question.

    Attributes:
        strategies: custom backoffs by their kind.
        most_starts: how often a job may be started in all; None for any number.
    """

    strategies: Mapping[str, BackoffStrategy] = MappingProxyType({})
    most_starts: int | None = None

    def allows_start(self, job: TakenJob) -> bool:
        """Whether the start that has just been counted is not one too many."""
        return self.most_starts is None or job.attempts_started <= self.most_starts

    def pause(self, job: TakenJob, error: BaseException) -> float | None:
        """Seconds until the next attempt, or None if there is to be none.

        Raises:
            BackoffFailed: the strategy raised, or answered with what is no pause.
        """
        attempts_made = job.attempts_made + 1
        if attempts_made >= job.options.attempts:
            return None
        if self.most_starts is not None and job.attempts_started >= self.most_starts:
            return None
        match job.options.backoff:
            case None:
                return 0.0
            case Backoff() as backoff:
                return min(backoff.pause(attempts_made), LONGEST_DELAY)
            case CustomBackoff(kind=kind, delay=delay):
                strategy = self.strategies.get(kind)
                return _ask(kind, strategy, attempts_made, error) if strategy else delay


def _ask(kind: str, strategy: BackoffStrategy, attempts_made: int, error: BaseException) -> float | None:
    try:
        pause = strategy(attempts_made, error)
        if pause is None or pause < 0:
            return None
        if pause <= LONGEST_DELAY:
            return pause
    except Exception as fault:
        # The job's stack trace shows both: what the handler met, and then the strategy.
        fault.__context__ = fault.__context__ or error
        raise BackoffFailed(kind, f"raised {type(fault).__name__}: {fault}") from fault
    answered = f"answered with {pause!r}, which is no number of seconds up to 100 years"
    raise BackoffFailed(kind, answered) from error
