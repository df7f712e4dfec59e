"""Queues and policies, checked as they are made."""

from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from toril.jobs import (
    Backoff,
    ContractError,
    CustomBackoff,
    InvalidPolicy,
    Keep,
    Queue,
    Retry,
    custom,
    exponential,
    fixed,
)


def test_backoffs_are_written_as_they_are_said() -> None:
    assert fixed(2.0) == Backoff("fixed", 2.0, 0.0)
    assert exponential(1.0, jitter=0.5) == Backoff("exponential", 1.0, 0.5)
    assert custom("polite", 5.0) == CustomBackoff("polite", 5.0)


@pytest.mark.parametrize("make", [fixed, exponential])
@pytest.mark.parametrize(("delay", "jitter"), [(-1.0, 0.0), (float("nan"), 0.0), (1.0, 1.5), (1.0, -0.1)])
def test_a_backoff_out_of_range_is_refused(make: Any, delay: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="backoff"):
        make(delay, jitter=jitter)


@pytest.mark.parametrize("attempts", [0, -1, 1.5, True, "3", None])
def test_a_job_is_tried_once_at_least(attempts: Any) -> None:
    with pytest.raises(InvalidPolicy, match="attempts="):
        Retry(attempts=attempts)


def test_a_backoff_of_another_type_is_refused() -> None:
    wrong: Any = 5.0
    with pytest.raises(InvalidPolicy, match=r"backoff=5\.0"):
        Retry(attempts=2, backoff=wrong)


@pytest.mark.parametrize("name", ["", "a:b", None, 5])
def test_a_queue_name_that_cannot_be_part_of_a_key_is_refused(name: Any) -> None:
    with pytest.raises(InvalidPolicy, match="queue=") as caught:
        Queue(name)
    assert isinstance(caught.value, ContractError)


@pytest.mark.parametrize(
    "defaults",
    [
        {"timeout": 0},
        {"timeout": -1.0},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": True},
        {"timeout": "60"},
        {"retry": 3},
        {"keep_completed": 100},
        {"keep_failed": True},
        {"size_limit": 0},
        {"size_limit": 1.5},
        {"log_limit": True},
        {"log_limit": 0},
        {"stack_trace_limit": -1},
        {"stack_trace_limit": 2**53},
    ],
)
def test_a_queue_refuses_defaults_out_of_range(defaults: dict[str, Any]) -> None:
    (setting,) = defaults
    with pytest.raises(InvalidPolicy, match=f"{setting}="):
        Queue("documents", **defaults)


def test_a_queue_hands_on_what_it_says_and_nothing_more() -> None:
    queue = Queue("documents", timeout=60.0, keep_failed=Keep(count=10))
    assert queue.defaults() == {"timeout": 60.0, "keep_failed": Keep(count=10)}


@pytest.mark.parametrize("value", [Queue("documents"), Retry(attempts=2), fixed(1.0), Keep(count=1)])
def test_policies_do_not_change(value: Any) -> None:
    with pytest.raises((FrozenInstanceError, AttributeError)):
        setattr(value, next(iter(value.__dataclass_fields__)), None)
    assert hash(value) == hash(
        type(value)(**{name: getattr(value, name) for name in value.__dataclass_fields__})
    )
