"""What the memory of a job is measured on."""

import pytest

from bench.server import JEMALLOC, Server
from bench.systems.toril import Toril

JOBS = 3_000


@pytest.mark.skipif(
    JEMALLOC is None, reason="libjemalloc is not on this machine: a job's memory is not measured"
)
async def test_jobs_that_are_alike_take_the_same_whatever_was_freed_before() -> None:
    with Server.start(allocator=JEMALLOC) as server:
        async with Toril(server.url).client() as producer:
            await producer.add_many(JOBS, "x" * 74, "plain")
        assert len({server.memory_of(f"bull:bench:{number}") for number in range(1_001, JOBS + 1)}) == 1
