"""Pauses between attempts, and how long finished jobs are kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toril.types import Backoff, Keep

delays = st.floats(0, 1e6)
attempts = st.integers(1, 1000)


@given(delays, attempts)
def test_a_fixed_pause_is_the_same_each_time(delay: float, attempts_made: int) -> None:
    assert Backoff("fixed", delay).pause(attempts_made) == delay


@given(delays, st.integers(1, 60))
def test_an_exponential_pause_starts_with_the_delay_and_doubles(delay: float, attempts_made: int) -> None:
    backoff = Backoff("exponential", delay)
    assert backoff.pause(1) == delay
    assert backoff.pause(attempts_made + 1) == 2 * backoff.pause(attempts_made)


@given(delays, attempts)
def test_a_pause_is_finite_however_often_a_job_has_failed(delay: float, attempts_made: int) -> None:
    assert Backoff("exponential", delay).pause(attempts_made) < float("inf")


def test_jitter_draws_its_share_of_the_pause() -> None:
    backoff = Backoff("exponential", 1.0, jitter=0.5)
    assert backoff.pause(4, random=lambda: 0.0) == 4.0
    assert backoff.pause(4, random=lambda: 0.5) == 6.0
    assert backoff.pause(4, random=lambda: 1.0) == 8.0


@given(st.builds(Backoff, st.sampled_from(["fixed", "exponential"]), delays, st.floats(0, 1)), attempts)
def test_jitter_never_lengthens_a_pause(backoff: Backoff, attempts_made: int) -> None:
    longest = Backoff(backoff.kind, backoff.delay).pause(attempts_made)
    pause = backoff.pause(attempts_made)
    assert pause <= longest
    assert pause == pytest.approx(max(pause, longest * (1 - backoff.jitter)))


@pytest.mark.parametrize("delay", [-1.0, float("nan"), float("inf")])
def test_a_delay_is_a_finite_number_of_seconds(delay: float) -> None:
    with pytest.raises(ValueError, match="backoff delay"):
        Backoff("fixed", delay)


@pytest.mark.parametrize("jitter", [-0.1, 1.1, float("nan")])
def test_jitter_is_a_share(jitter: float) -> None:
    with pytest.raises(ValueError, match="backoff jitter"):
        Backoff("fixed", 1.0, jitter)


def test_a_backoff_is_of_a_kind_that_bullmq_knows() -> None:
    linear: Any = "linear"
    with pytest.raises(ValueError, match="backoff kind"):
        Backoff(linear, 1.0)


@pytest.mark.parametrize(
    "keep", [Keep(), Keep(count=0), Keep(count=10), Keep(age=0.0), Keep(count=10, age=60.0)]
)
def test_what_is_kept_may_be_bounded_by_count_by_age_by_both_or_not_at_all(keep: Keep) -> None:
    assert keep == Keep(keep.count, keep.age)


def test_a_count_to_keep_is_not_negative() -> None:
    with pytest.raises(ValueError, match="keep count"):
        Keep(count=-1)


@pytest.mark.parametrize("age", [-1.0, float("nan"), float("inf")])
def test_an_age_to_keep_is_a_finite_number_of_seconds(age: float) -> None:
    with pytest.raises(ValueError, match="keep age"):
        Keep(age=age)


@pytest.mark.parametrize("limit", [1, 1000, None])
def test_how_many_may_go_at_once_for_their_age_is_bounded(limit: int | None) -> None:
    assert Keep(age=60.0, limit=limit).limit == limit


@pytest.mark.parametrize("keep", [{"age": 60.0, "limit": 0}, {"age": 60.0, "limit": 1001}, {"limit": 10}])
def test_a_limit_out_of_range_or_without_an_age_is_refused(keep: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="keep limit"):
        Keep(**keep)
