"""What all tests here have in common that work on whole queues."""

from collections.abc import Iterator

import pytest

from support.invariants import check_all
from toril.bull.embedded import EmbeddedBroker


@pytest.fixture
def prefix(prefix: str, broker: EmbeddedBroker, request: pytest.FixtureRequest) -> Iterator[str]:
    """The first part of this test's keys. What it leaves there keeps all rules, unless it is `damaging`."""
    yield prefix
    if request.node.get_closest_marker("damaging") is None:
        assert check_all(broker.url, prefix) == []
