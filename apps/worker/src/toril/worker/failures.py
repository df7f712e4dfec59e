"""What becomes of a job whose attempt has failed: the one place that decides whether it is tried again."""

import traceback
from collections.abc import Iterator
from typing import cast

from toril.bull.intake import TakenJob
from toril.bull.outcomes import Completed, Failed, Outcome, Parked, Postponed, Refusal, Retried
from toril.jobs import InvalidPayload, InvalidResult
from toril.types import CANCELLED, EXPIRED, Keep
from toril.worker.errors import BackoffFailed, RaisedInChild, Unrecoverable
from toril.worker.retrying import RetryRules

LONGEST_REASON = 10_000
LONGEST_TRACE = 20_000
MOST_TRACES = 20

# A second attempt at these would meet the same data or the same code.
_HOPELESS = (Unrecoverable, InvalidPayload, InvalidResult)


NO_RULES = RetryRules()


def failed_attempt(
    job: TakenJob, error: BaseException, keep_failed: Keep | None, rules: RetryRules = NO_RULES
) -> Failed | Retried | Postponed:
    """The outcome of an attempt that raised `error`.

    Args:
        keep_failed: how long to keep the job if it has failed for good and does not say so itself.
        rules: what the worker says of retries.
    """
    try:
        pause = None if is_hopeless(error) else rules.pause(job, error)
    except BackoffFailed as fault:
        error, pause = fault, None
    reason, stacktrace = describe(error), _with_trace(job, error)
    if pause is None:
        return failed_for_good(job, reason, stacktrace, keep_failed)
    if pause > 0:
        return Postponed(job.id, job.token, pause, reason, stacktrace)
    return Retried(job.id, job.token, reason, stacktrace)


def failed_for_good(
    job: TakenJob, reason: str, stacktrace: tuple[str, ...], keep_failed: Keep | None
) -> Failed:
    options = job.options
    keep = keep_failed if options.keep_failed is None else options.keep_failed
    return Failed(job.id, job.token, reason, stacktrace, options.attempts, keep)


def failed_as_expired(job: TakenJob, keep_failed: Keep | None) -> Failed:
    """A job that nobody wants any more; it is not started."""
    reason = f"{EXPIRED}: not started within {job.options.expires_in:g} s of being added"
    return failed_for_good(job, reason, job.stacktrace, keep_failed)


def failed_by_children(ended: Completed | Parked, refusal: Refusal, keep_failed: Keep | None) -> Failed:
    """A job whose run ended well, but whose children stop it; earlier stack traces stay."""
    reason = "children are not finished" if refusal is Refusal.CHILDREN_PENDING else "children have failed"
    return Failed(ended.job_id, ended.token, reason, None, 1, keep_failed)


def failed_as_cancelled(ended: Outcome, keep_failed: Keep | None) -> Failed:
    """A job that was cancelled just before its run ended otherwise; earlier stack traces stay."""
    return Failed(ended.job_id, ended.token, CANCELLED, None, 1, keep_failed)


def describe(error: BaseException) -> str:
    """The reason as people read it, bounded: the error's type and message."""
    if isinstance(error, RaisedInChild):
        return error.reason
    try:
        message = str(error)
    except BaseException:  # noqa: BLE001 - whatever putting it in words does, it is its job's failure only
        message = "(its message cannot be read)"
    reason = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return reason[:LONGEST_REASON]


def trace_of(error: BaseException) -> str:
    """The stack trace, bounded: its end, if it is long."""
    if isinstance(error, RaisedInChild):
        return error.trace
    try:
        return "".join(traceback.format_exception(error))[-LONGEST_TRACE:]
    except BaseException:  # noqa: BLE001 - as for the message; groups may also nest too deep to be written
        return f"{describe(error)} (its stack trace cannot be written)"


def is_hopeless(error: BaseException) -> bool:
    """Whether a second attempt would meet the same."""
    return any(
        each.is_hopeless if isinstance(each, RaisedInChild) else isinstance(each, _HOPELESS)
        for each in innermost(error)
    )


def innermost(error: BaseException) -> Iterator[BaseException]:
    """The error itself, or all that a group holds, however deep: groups may nest deeper than Python calls."""
    pending = [error]
    while pending:
        found = pending.pop()
        if isinstance(found, BaseExceptionGroup):
            pending += reversed(cast(BaseExceptionGroup[BaseException], found).exceptions)
        else:
            yield found


def _with_trace(job: TakenJob, error: BaseException) -> tuple[str, ...]:
    limit = job.options.stack_trace_limit
    kept = MOST_TRACES if limit is None else min(limit, MOST_TRACES)
    if kept == 0:
        return ()
    return (*job.stacktrace, trace_of(error))[-kept:]
