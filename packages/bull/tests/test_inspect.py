"""Looking into a queue."""

import pytest

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.connection import Connection
from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.options import JobOptions
from toril.bull.queue import JobQueue, NewJob
from toril.types import JobState


@pytest.fixture
def inspector(connection: Connection, keys: QueueKeys) -> QueueInspector:
    return QueueInspector(connection, keys)


@pytest.fixture
async def split_queue(connection: Connection, keys: QueueKeys) -> None:
    """What a BullMQ before v6 leaves when it pauses: jobs 1 to 3 wait, jobs 4 to 6 stand in its own list."""
    queue, paused = JobQueue(connection, keys), keys.base + "paused"
    await queue.add([NewJob("paint", b"{}", JobOptions())] * 6)
    for _ in range(3):
        await connection.execute("LMOVE", keys.wait, paused, "LEFT", "RIGHT")


@pytest.mark.usefixtures("split_queue")
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 7])
@pytest.mark.parametrize("newest_first", [False, True])
async def test_pages_of_waiting_jobs_go_on_in_the_list_of_a_paused_queue(
    inspector: QueueInspector, limit: int, newest_first: bool
) -> None:
    assert (await inspector.counts()).by_state[JobState.WAITING] == 6
    seen: list[str] = []
    while page := await inspector.jobs(
        JobState.WAITING, start=len(seen), limit=limit, newest_first=newest_first
    ):
        assert len(page) <= limit
        seen += [job.id for job in page]
    assert seen == sorted("123456", reverse=newest_first)


async def test_counts_cannot_be_changed(inspector: QueueInspector) -> None:
    counts = await inspector.counts()
    assert list(counts.by_state) == list(JobState)
    with pytest.raises(TypeError):
        counts.by_state[JobState.WAITING] = 1  # type: ignore[index]


@pytest.mark.parametrize(
    ("start", "limit", "expected"), [(0, 0, 0), (0, -5, 0), (-3, 2, 2), (0, 10**6, MOST_LOG_LINES)]
)
async def test_a_page_of_a_log_has_a_longest_length(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector, start: int, limit: int, expected: int
) -> None:
    lines = [str(number) for number in range(MOST_LOG_LINES + 1)]
    await connection.execute("RPUSH", keys.logs("1"), *lines)
    assert await inspector.logs("1", start=start, limit=limit) == (lines[:expected], len(lines))
