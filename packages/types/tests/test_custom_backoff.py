"""Backoffs that a strategy of the worker's decides."""

import pytest

from toril.types import CustomBackoff


@pytest.mark.parametrize("kind", ["", "fixed", "exponential", "x" * 101])
def test_a_custom_backoff_has_a_name_of_its_own(kind: str) -> None:
    with pytest.raises(ValueError, match="backoff kind"):
        CustomBackoff(kind)


@pytest.mark.parametrize("delay", [-1.0, float("nan"), float("inf")])
def test_its_delay_is_a_finite_number_of_seconds(delay: float) -> None:
    assert CustomBackoff("polite", 2.5).delay == 2.5
    with pytest.raises(ValueError, match="backoff delay"):
        CustomBackoff("polite", delay)
