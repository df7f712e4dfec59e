"""Whether and when a failed attempt is followed by another."""

from collections.abc import Callable
from typing import Any

import pytest

from toril.bull.intake import TakenJob
from toril.bull.outcomes import Failed, Postponed, Retried
from toril.types import Backoff, CustomBackoff
from toril.types.job_options import JobOptions
from toril.worker import Unrecoverable
from toril.worker.failures import failed_attempt
from toril.worker.retrying import BackoffStrategy, RetryRules

BOOM = ValueError("boom")


def job(*, made: int = 0, started: int = 1, attempts: int = 9, backoff: Any = None) -> TakenJob:
    options = JobOptions(attempts=attempts, backoff=backoff)
    return TakenJob("7", "fire", b"{}", "t", options, made, started, 0, 0.0, None, None, None, None)


def asked(strategy: BackoffStrategy, made: int = 0) -> Failed | Retried | Postponed:
    rules = RetryRules({"polite": strategy})
    return failed_attempt(job(made=made, backoff=CustomBackoff("polite", 3.0)), BOOM, None, rules)


def test_a_strategy_is_told_the_attempts_and_the_error_and_says_the_pause() -> None:
    told: list[tuple[int, BaseException]] = []

    def polite(attempts_made: int, error: BaseException) -> float:
        told.append((attempts_made, error))
        return 2.5 * attempts_made

    outcome = asked(polite, made=2)
    assert isinstance(outcome, Postponed)
    assert outcome.delay == 7.5
    assert told == [(3, BOOM)]


@pytest.mark.parametrize("answer", [None, -1, -0.5])
def test_a_strategy_may_fail_the_job_for_good(answer: float | None) -> None:
    outcome = asked(lambda _made, _error: answer)
    assert isinstance(outcome, Failed)
    assert outcome.reason == "ValueError: boom"


def test_a_strategy_may_retry_at_once() -> None:
    assert isinstance(asked(lambda _made, _error: 0), Retried)


def raises(_made: int, _error: BaseException) -> float:
    raise KeyError("no such rule")


@pytest.mark.parametrize(
    "strategy", [raises, lambda *_: float("nan"), lambda *_: float("inf"), lambda *_: "soon"]
)
def test_a_strategy_that_is_broken_fails_the_job_and_says_so(strategy: Callable[..., Any]) -> None:
    outcome = asked(strategy)
    assert isinstance(outcome, Failed)
    assert outcome.reason.startswith("BackoffFailed: backoff strategy 'polite'")
    assert outcome.stacktrace is not None
    assert "ValueError: boom" in outcome.stacktrace[-1]


def test_a_strategy_is_not_asked_after_the_last_attempt() -> None:
    outcome = failed_attempt(
        job(made=2, attempts=3, backoff=CustomBackoff("polite")), BOOM, None, RetryRules({"polite": raises})
    )
    assert isinstance(outcome, Failed)
    assert outcome.reason == "ValueError: boom"


def test_a_kind_of_backoff_that_no_strategy_makes_counts_as_fixed() -> None:
    outcome = failed_attempt(job(backoff=CustomBackoff("unheard-of", 3.0)), BOOM, None)
    assert isinstance(outcome, Postponed)
    assert outcome.delay == 3.0


def test_a_pause_is_never_longer_than_redis_can_count() -> None:
    outcome = failed_attempt(job(made=60, attempts=99, backoff=Backoff("exponential", 1.0)), BOOM, None)
    assert isinstance(outcome, Postponed)
    assert outcome.delay == 100 * 365 * 86_400


def test_the_last_start_that_is_allowed_is_not_followed_by_another() -> None:
    rules = RetryRules(most_starts=3)
    assert isinstance(failed_attempt(job(started=2), BOOM, None, rules), Retried)
    assert isinstance(failed_attempt(job(started=3), BOOM, None, rules), Failed)
    assert rules.allows_start(job(started=3))
    assert not rules.allows_start(job(started=4))


class TornCanvas(Unrecoverable):
    """An application's own."""


def caused_by(cause: BaseException, error: BaseException) -> BaseException:
    """The error as `raise error from cause` leaves it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        TornCanvas("torn"),
        caused_by(BOOM, TornCanvas("torn")),
        ExceptionGroup("in a task group", [BOOM, TornCanvas("torn")]),
        ExceptionGroup("outer", [ExceptionGroup("inner", [Unrecoverable("torn")])]),
    ],
    ids=["subclass", "with a cause", "in a task group", "in nested ones"],
)
def test_what_is_unrecoverable_fails_at_once_in_whatever_way_it_was_raised(error: BaseException) -> None:
    assert isinstance(failed_attempt(job(), error, None), Failed)


def test_an_error_that_unrecoverable_only_caused_is_tried_again() -> None:
    error = caused_by(TornCanvas("torn"), ValueError("no canvas"))
    assert isinstance(failed_attempt(job(), error, None), Retried)
