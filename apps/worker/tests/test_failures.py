"""What becomes of a failed attempt."""

import pytest

from toril.bull.intake import TakenJob
from toril.bull.outcomes import Failed, Postponed, Retried
from toril.types import Backoff, Keep
from toril.types.job_options import JobOptions
from toril.worker import Unrecoverable
from toril.worker.failures import LONGEST_REASON, MOST_TRACES, failed_attempt
from toril.worker.unknown import unknown_job


def job(
    *, made: int = 0, traces: bytes | None = None, since: float | None = None, **options: object
) -> TakenJob:
    given = JobOptions(**options)  # type: ignore[arg-type]
    return TakenJob("7", "fire", b"{}", "t", given, made, made + 1, 0, 0.0, None, traces, since)


def test_the_last_attempt_fails_for_good() -> None:
    outcome = failed_attempt(job(made=2, attempts=3), ValueError("too hot"), Keep(count=5))
    assert isinstance(outcome, Failed)
    assert (outcome.reason, outcome.attempts, outcome.keep) == ("ValueError: too hot", 3, Keep(count=5))


def test_the_job_s_own_retention_comes_first() -> None:
    outcome = failed_attempt(job(keep_failed=Keep(count=0)), ValueError(), Keep(count=5))
    assert isinstance(outcome, Failed)
    assert outcome.keep == Keep(count=0)


def test_without_a_backoff_it_is_tried_again_at_once() -> None:
    assert isinstance(failed_attempt(job(attempts=2), ValueError(), None), Retried)


@pytest.mark.parametrize(("made", "pause"), [(0, 1.5), (1, 3.0), (2, 6.0)])
def test_an_exponential_backoff_doubles(made: int, pause: float) -> None:
    outcome = failed_attempt(
        job(made=made, attempts=9, backoff=Backoff("exponential", 1.5)), ValueError(), None
    )
    assert isinstance(outcome, Postponed)
    assert (outcome.delay, outcome.burns_attempt) == (pause, True)


def test_an_unrecoverable_error_fails_at_once() -> None:
    assert isinstance(failed_attempt(job(attempts=9), Unrecoverable("cracked"), None), Failed)


def test_reason_and_traces_are_bounded() -> None:
    many = b'["' + b'","'.join([b"old"] * 200) + b'"]'
    outcome = failed_attempt(job(traces=many), ValueError("x" * 10**6), None)
    assert isinstance(outcome, Failed)
    assert len(outcome.reason) == LONGEST_REASON
    assert len(outcome.stacktrace) == MOST_TRACES


@pytest.mark.parametrize(("limit", "count"), [(None, 3), (2, 2), (0, 0)])
def test_the_job_says_how_many_traces_are_kept(limit: int | None, count: int) -> None:
    outcome = failed_attempt(job(traces=b'["a","b"]', stack_trace_limit=limit), ValueError("no"), None)
    assert isinstance(outcome, Failed)
    assert len(outcome.stacktrace) == count


def test_an_unknown_job_pauses_longer_each_time() -> None:
    pauses = []
    for waited in (None, 1.0, 8.0, 100.0):
        since = None if waited is None else 1000.0 - waited
        outcome = unknown_job(job(since=since), ["fire"], 600.0, None, now=1000.0)
        assert isinstance(outcome, Postponed)
        assert not outcome.burns_attempt
        pauses.append(outcome.delay)
    assert pauses == [1.0, 1.0, 8.0, 60.0]


def test_an_unknown_job_fails_when_its_time_is_over() -> None:
    outcome = unknown_job(job(since=400.0), ["fire"], 600.0, None, now=1000.0)
    assert isinstance(outcome, Failed)
    assert "'fire'" in outcome.reason
