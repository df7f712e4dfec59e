"""Which deduplications make sense."""

from typing import Any

import pytest

from toril.types import Deduplicate


@pytest.mark.parametrize(
    "modes",
    [
        {},
        {"ttl": 5.0},
        {"ttl": 0.001, "extend": True},
        {"ttl": 5.0, "extend": True, "replace": True},
        {"ttl": 5.0, "extend": True, "reschedule": True},
        {"replace": True},
        {"reschedule": True},
        {"keep_last": True},
        {"keep_last": True, "replace": True},
        {"keep_last": True, "reschedule": True},
    ],
)
def test_modes_that_make_sense_together_are_kept(modes: dict[str, Any]) -> None:
    deduplicate = Deduplicate("report-7", **modes)
    assert deduplicate == Deduplicate("report-7", **modes)
    assert {name: getattr(deduplicate, name) for name in modes} == modes


@pytest.mark.parametrize(
    ("modes", "complaint"),
    [
        ({"extend": True}, "extend=True needs a ttl"),
        ({"keep_last": True, "ttl": 5.0}, "keep_last=True cannot have a ttl"),
        ({"replace": True, "reschedule": True}, "contradict each other"),
        ({"ttl": 0}, "ttl is 0"),
        ({"ttl": -1.0}, "ttl is -1.0"),
        ({"ttl": float("nan")}, "ttl is nan"),
        ({"ttl": float("inf")}, "ttl is inf"),
    ],
)
def test_modes_that_contradict_each_other_are_refused(modes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Deduplicate("report-7", **modes)


@pytest.mark.parametrize("key", ["", "x" * 501, "\ud800"])
def test_a_key_that_nobody_could_read_again_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="deduplication key"):
        Deduplicate(key)
