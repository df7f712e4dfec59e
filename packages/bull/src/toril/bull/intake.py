"""The worker's side of one queue: settle a batch of jobs and take the next ones, in one round trip."""

import time
from collections.abc import Sequence
from itertools import repeat
from typing import Any, NamedTuple

from toril.bull.codec import (
    count,
    decode_options,
    decode_stacktrace,
    decode_unknown,
    from_milliseconds,
    seconds,
    text,
    to_milliseconds,
)
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Outcome, Refusal, Refused, encode_outcomes
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.script_calls import foreign_function
from toril.bull.scripts import load
from toril.types.job_options import JobOptions


class RateLimit(NamedTuple):
    """At most `jobs` started per `duration` seconds, over all workers of the queue."""

    jobs: int
    duration: float


class TakenJob(NamedTuple):
    """A job that this worker holds the lock of, as it stood when it was taken.

    `attempts_started` counts this start. `deferred_failure` is the reason for which the job must fail without
    being run. `unknown_since` (epoch seconds): since when workers have not known what to do with it.
    `schedule_key`: the schedule that made it, if one did.
    """

    id: str
    name: str
    data: bytes
    token: str
    options: JobOptions
    attempts_made: int
    attempts_started: int
    stalled_count: int
    enqueued_at: float
    deferred_failure: str | None = None
    earlier_stacktrace: bytes | None = None
    unknown_since: float | None = None
    schedule_key: str | None = None

    def expired(self, now: float) -> bool:
        """Whether nobody wants it to be started any more; `now` is in epoch seconds."""
        expires_in = self.options.expires_in
        return expires_in is not None and 0 < self.enqueued_at < now - expires_in

    @property
    def stacktrace(self) -> tuple[str, ...]:
        """The stack traces of earlier attempts."""
        return decode_stacktrace(self.earlier_stacktrace)


class Taken(NamedTuple):
    """What one round trip brought.

    Attributes:
        jobs: the jobs taken, in the order in which they are to start.
        refused: the outcomes that were not accepted; all others were.
        limited_for: seconds until the rate limit lets another job start; 0 if it does not hold.
        next_due: when the next delayed job is due (epoch seconds), if nothing else is left to take.
        blocked: the queue is paused, or runs as many jobs as its global concurrency allows.
    """

    jobs: list[TakenJob]
    refused: list[Refused]
    limited_for: float
    next_due: float | None
    blocked: bool


class Intake:
    """Settles and takes the jobs of one queue for one worker.

    Args:
        worker_id: unique among all workers; every lock token begins with it.
        worker_name: stands in each job as the one that processed it, if given.
        lock_duration: seconds for which a job that is taken stays locked without renewal.
        limit: a rate limit that this worker brings; one set on the queue itself comes before it.
        metrics_minutes: count the jobs that end, minute by minute, and keep so many minutes;
            None counts none.
    """

    def __init__(
        self,
        connection: Connection,
        keys: QueueKeys,
        *,
        worker_id: str,
        worker_name: str | None = None,
        lock_duration: float,
        limit: RateLimit | None = None,
        metrics_minutes: int | None = None,
    ) -> None:
        self._connection = connection
        self._keys = [keys.meta]
        self._settle_and_take = load("working/settle_and_take")
        self._reclaim = load("working/reclaim")
        self._worker_id = worker_id
        self._lock_duration = to_milliseconds(lock_duration)
        # An answer that is lost must be noticed while the locks of what was taken still hold.
        self._answer_within = min(CALL_WITHIN, max(lock_duration / 3, 1.0))
        # One that came later has lain unread: the locks of what was taken may have run out, unrenewed.
        self._trusted_for = lock_duration / 2
        self._round_trips = 0
        self.token_in_doubt: str | None = None
        self._terms: tuple[Argument, ...] = (
            to_milliseconds(lock_duration),
            worker_name or "",
            limit.jobs if limit else "",
            to_milliseconds(limit.duration) if limit else "",
            "" if metrics_minutes is None else metrics_minutes,
        )

    async def settle_and_take(
        self,
        outcomes: Sequence[Outcome],
        capacity: int,
        *,
        now: float | None = None,
        token: str | None = None,
        patience: float = 0.0,
    ) -> Taken:
        """Settles the outcomes and takes up to `capacity` jobs, in one step.

        Args:
            outcomes: at most a few hundred (MOST_JOBS_A_SCRIPT); each is accepted or refused by itself.
            capacity: how many jobs may be taken, at most as many; 0 only settles.
            now: epoch seconds; by default the present.
            token: the lock token for the jobs taken; by default a new one, so that two runs of one job by the
                same worker can be told apart.
            patience: how many seconds longer than usual to wait for the answer.

        Raises:
            BrokerUnavailable: Redis did not answer; the step was taken whole or not at all. Or its answer was
                late, and Redis did not say what of it is still ours.
            BrokerMisconfigured: something else than our function has answered.
        """
        if token is None:
            self._round_trips += 1
            token = f"{self._worker_id}:{self._round_trips}"
        timestamp = to_milliseconds(time.time() if now is None else now)
        arguments = (timestamp, capacity, token, *self._terms, *encode_outcomes(outcomes))
        self.token_in_doubt = token if capacity else None
        asked = time.monotonic()
        answer = await self._connection.run(
            self._settle_and_take, self._keys, arguments, timeout=self._answer_within + patience
        )
        try:
            *jobs, refused, limited_for, next_due, blocked = answer
            is_late = bool(jobs) and self._is_late(asked)
            # By place: names would cost a hundredth of all that a lone job's exchange takes in Python.
            taken = Taken(
                [] if is_late else _taken_jobs(jobs, token),
                [Refused(outcomes[at - 1], Refusal(code)) for at, code in _pairs(refused)] if refused else [],
                from_milliseconds(limited_for),
                from_milliseconds(next_due) if next_due else None,
                bool(blocked),
            )
        except (TypeError, ValueError, AttributeError, LookupError) as mismatch:
            raise foreign_function(self._connection.address, self._settle_and_take, mismatch) from mismatch
        if is_late:
            return taken._replace(jobs=await self.reclaim())
        self.token_in_doubt = None
        return taken

    async def reclaim(self) -> list[TakenJob]:
        """The jobs that the last call took, if its answer was lost or late: they are locked by this worker.

        Raises:
            BrokerUnavailable: Redis did not answer; ask again.
        """
        token = self.token_in_doubt
        if token is None:
            return []
        while True:
            asked = time.monotonic()
            jobs = await self._connection.run(
                self._reclaim, self._keys, (token, self._lock_duration), timeout=self._answer_within
            )
            if not self._is_late(asked):
                break
        self.token_in_doubt = None
        return _taken_jobs(jobs, token)

    def _is_late(self, asked: float) -> bool:
        return time.monotonic() - asked > self._trusted_for


VALUES_OF_JOB = 6


def _pairs(flat: Sequence[int]) -> list[tuple[int, int]]:
    return list(zip(flat[::2], flat[1::2], strict=True))


def _taken_jobs(flat: Sequence[Any], token: str) -> list[TakenJob]:
    if len(flat) % VALUES_OF_JOB:
        raise ValueError(f"{len(flat)} values of jobs")
    # One iterator in each place: map takes the values of a job from it one after the other.
    return list(map(_taken_job, *[iter(flat)] * VALUES_OF_JOB, repeat(token)))


def _taken_job(
    job_id: bytes,
    name: bytes,
    data: bytes | None,
    options: bytes,
    timestamp: bytes,
    past: Sequence[Any] | None,
    token: str,
) -> TakenJob:
    if past is None:
        # By far the most frequent case: a job that was never started nor tried.
        return TakenJob(
            text(job_id), text(name), data or b"", token, decode_options(options), 0, 1, 0, seconds(timestamp)
        )
    started, made, deferred_failure, stalled_count, stacktrace, unknown_since, schedule_key = past
    attempts_made = count(made)
    return TakenJob(
        id=text(job_id),
        name=text(name),
        data=data or b"",
        token=token,
        options=decode_options(options),
        attempts_made=attempts_made,
        attempts_started=started,
        stalled_count=count(stalled_count),
        enqueued_at=seconds(timestamp),
        deferred_failure=None if deferred_failure is None else text(deferred_failure),
        earlier_stacktrace=stacktrace,
        unknown_since=decode_unknown(unknown_since, attempts_made),
        schedule_key=None if schedule_key is None else text(schedule_key),
    )
