"""How the run of a job ended, as settling takes it, and why it may be refused. Durations are seconds."""

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from toril.bull.codec import UnknownSince, encode_failure, encode_retention, encode_text, to_milliseconds
from toril.bull.replies import Argument
from toril.types import Keep


def _size(reason: str | None, stacktrace: tuple[str, ...] | None) -> int:
    return len(reason or "") + sum(len(trace) for trace in stacktrace or ())


class Completed(NamedTuple):
    """Done. `result` is JSON."""

    job_id: str
    token: str
    result: bytes
    keep: Keep | None = None

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return len(self.result)


class Failed(NamedTuple):
    """Failed for good. `attempts` is how many were allowed; without a `stacktrace`, earlier ones stay."""

    job_id: str
    token: str
    reason: str
    stacktrace: tuple[str, ...] | None
    attempts: int
    keep: Keep | None = None

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return _size(self.reason, self.stacktrace)

    def arguments(self) -> tuple[Argument, ...]:
        fields = b"" if self.stacktrace is None else encode_failure(self.reason, self.stacktrace)
        reason, keep = encode_text(self.reason), encode_retention(self.keep)
        return ("failed", self.token, self.job_id, reason, keep, fields, self.attempts)


class Retried(NamedTuple):
    """This attempt failed; the next one comes as soon as the jobs before it are through."""

    job_id: str
    token: str
    reason: str
    stacktrace: tuple[str, ...]

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return _size(self.reason, self.stacktrace)

    def arguments(self) -> tuple[Argument, ...]:
        return ("retried", self.token, self.job_id, encode_failure(self.reason, self.stacktrace))


class Postponed(NamedTuple):
    """To be run again after `delay`; `reason` is None where this attempt did not fail.

    `unknown`: since when workers have not known what to do with the job.
    """

    job_id: str
    token: str
    delay: float
    reason: str | None = None
    stacktrace: tuple[str, ...] = ()
    burns_attempt: bool = True
    unknown: UnknownSince | None = None

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return _size(self.reason, self.stacktrace)

    def arguments(self) -> tuple[Argument, ...]:
        fields = encode_failure(self.reason, self.stacktrace, self.unknown)
        spares_attempt = "" if self.burns_attempt else "1"
        delay = to_milliseconds(self.delay)
        return ("postponed", self.token, self.job_id, fields, delay, spares_attempt)


class Released(NamedTuple):
    """Handed back unstarted: next in line, no attempt counted."""

    job_id: str
    token: str

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return 0

    def arguments(self) -> tuple[Argument, ...]:
        return ("released", self.token, self.job_id)


class Limited(NamedTuple):
    """Handed back like Released; no job of the queue starts for `retry_after` seconds (a manual limit)."""

    job_id: str
    token: str
    retry_after: float

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return 0

    def arguments(self) -> tuple[Argument, ...]:
        return ("limited", self.token, self.job_id, max(to_milliseconds(self.retry_after), 1))


class Parked(NamedTuple):
    """Waits for its children, to be run again when they are through; at once if they are so already.

    Refused with CHILDREN_FAILED if one has failed whose failure is its parent's.
    """

    job_id: str
    token: str

    @property
    def size(self) -> int:
        """About how many characters Redis has to take in."""
        return 0

    def arguments(self) -> tuple[Argument, ...]:
        return ("parked", self.token, self.job_id)


Outcome = Completed | Failed | Retried | Postponed | Released | Limited | Parked


class Refusal(IntEnum):
    """Why an outcome was not accepted, with BullMQ's codes (bullmq-protocol §4), and two of ours."""

    JOB_GONE = -1
    LOCK_LOST = -2
    NOT_ACTIVE = -3
    CHILDREN_PENDING = -4
    LOCKED_BY_OTHER = -6
    CHILDREN_FAILED = -9
    RECORD_BROKEN = -100
    CANCELLED = -102


class Refused(NamedTuple):
    """An outcome that was not accepted."""

    outcome: Outcome
    code: Refusal

    @property
    def job_id(self) -> str:
        return self.outcome.job_id


def encode_outcomes(outcomes: Sequence[Outcome]) -> list[Argument]:
    """Outcomes as settle_and_take.lua takes them: completed jobs in runs of the same token and retention."""
    arguments: list[Argument] = []
    run: list[Argument] = []
    run_token, run_keep = "", None
    for outcome in outcomes:
        if isinstance(outcome, Completed):
            job_id, token, result, keep = outcome
            if run and (token != run_token or keep is not run_keep):
                arguments += _run_arguments(run_token, run_keep, run)
                run = []
            run_token, run_keep = token, keep
            run += (job_id, result)
        else:
            if run:
                arguments += _run_arguments(run_token, run_keep, run)
                run = []
            arguments += outcome.arguments()
    return arguments + _run_arguments(run_token, run_keep, run) if run else arguments


def _run_arguments(token: str, keep: Keep | None, run: list[Argument]) -> list[Argument]:
    return ["completed", token, "" if keep is None else encode_retention(keep), len(run) // 2, *run]
