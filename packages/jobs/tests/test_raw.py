"""Contracts that nobody declared: any JSON in, any JSON out."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toril.jobs import InvalidPayload, InvalidPolicy, InvalidResult, Queue
from toril.jobs import codec as codec_module
from toril.jobs.raw import raw_contract

contract = raw_contract(Queue("test-raw"), "anything")
texts = st.text(st.characters(exclude_categories=["Cs"]))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
any_json = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(texts, inner))


@given(any_json)
def test_any_json_survives_the_way_to_the_wire_and_back(value: Any) -> None:
    assert contract.decode(contract.encode(value)) == value
    assert contract.decode_result(contract.encode_result(value)) == value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        [float("-inf")],
        {1: 2},
        (1, 2),
        {1},
        b"bytes",
        datetime(2026, 1, 1, tzinfo=UTC),
        Queue("test-raw"),
        "\ud800",
    ],
    ids=repr,
)
def test_what_is_only_like_json_is_refused(value: Any) -> None:
    with pytest.raises(InvalidPayload):
        contract.encode(value)
    with pytest.raises(InvalidResult):
        contract.encode_result(value)


def test_what_contains_itself_or_is_nested_too_deeply_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in (loop, deep):
        with pytest.raises(InvalidPayload):
            contract.encode(value)


def test_a_value_is_bounded_even_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_module, "LARGEST_VALUE", 10)
    assert contract.encode("x" * 8) == b'"xxxxxxxx"'
    with pytest.raises(InvalidPayload, match="11 bytes of JSON are more than 10"):
        contract.encode("x" * 9)


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("", {}),
        ("x" * 501, {}),
        ("x", {"size_limit": 0}),
        ("x", {"log_limit": 0}),
        ("x", {"stack_trace_limit": -1}),
    ],
)
def test_a_name_or_a_limit_out_of_range_is_refused(name: str, limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidPolicy):
        raw_contract(Queue("test-raw"), name, **limits)
