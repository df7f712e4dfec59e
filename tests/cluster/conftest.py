"""A cluster shared by the tests of this process; who kills one of its servers starts another cluster."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from support.cluster import RunningCluster


@pytest.fixture(scope="session")
def cluster() -> Iterator[RunningCluster]:
    with RunningCluster() as running:
        yield running


@pytest.fixture
def own_cluster() -> Iterator[RunningCluster]:
    with RunningCluster() as running:
        running.wait_for_replica()
        yield running


@pytest.fixture
def name() -> str:
    """What no other test uses."""
    return f"test-{uuid4().hex}"
