"""A queue of one's own: contracts are known to the whole process."""

from uuid import uuid4

import pytest

from toril.jobs import Queue


@pytest.fixture
def queue() -> Queue:
    """A queue in which no other test declares a job."""
    return Queue(f"test-{uuid4().hex}")
