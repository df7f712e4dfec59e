"""Looking into a queue."""

from datetime import UTC, datetime, timedelta

import pytest

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.connection import Connection
from toril.bull.errors import InvalidQuery
from toril.bull.inspect import Child, ChildrenPage, ChildState, QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.queue import JobQueue, NewJob
from toril.types import JobState
from toril.types.job_options import JobOptions


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


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 5, 100])
async def test_a_page_goes_on_from_one_state_to_the_next(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector, limit: int, newest_first: bool
) -> None:
    delayed, prioritized = JobOptions(delay=60.0), JobOptions(priority=3)
    options = [JobOptions(), delayed, prioritized, JobOptions(), delayed, JobOptions()]
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", each) for each in options])
    wanted = [JobState.DELAYED, JobState.FAILED, JobState.WAITING, JobState.PRIORITIZED, JobState.DELAYED]
    seen: list[tuple[JobState | None, str]] = []
    while page := await inspector.jobs(wanted, start=len(seen), limit=limit, newest_first=newest_first):
        assert len(page) <= limit
        seen += [(job.state, job.id) for job in page]
    ids = {JobState.DELAYED: "25", JobState.WAITING: "146", JobState.PRIORITIZED: "3"}
    assert seen == [(state, job_id) for state in ids for job_id in sorted(ids[state], reverse=newest_first)]


async def test_a_page_leaves_out_ids_whose_job_is_gone(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector
) -> None:
    await JobQueue(connection, keys).add([NewJob("paint", b"{}", JobOptions())] * 5)
    await connection.execute("DEL", keys.job("2"))
    pages = [await inspector.jobs(JobState.WAITING, start=start, limit=2) for start in (0, 2, 4)]
    assert [[job.id for job in page] for page in pages] == [["1"], ["3", "4"], ["5"]]


async def test_no_states_have_no_jobs(inspector: QueueInspector) -> None:
    assert await inspector.jobs([]) == []


async def test_delayed_jobs_are_counted_up_to_a_moment(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector
) -> None:
    due = datetime(2030, 1, 1, tzinfo=UTC)
    score = round(due.timestamp() * 1000) * 4096
    await connection.execute("ZADD", keys.delayed, score, "1", score + 4095, "2", score + 4096, "3")
    millisecond = timedelta(milliseconds=1)
    counts = [await inspector.due_before(due + number * millisecond) for number in range(4)]
    assert counts == [0, 2, 3, 3]


@pytest.mark.parametrize("priorities", [[-1], [2**21], range(1001)])
async def test_priorities_that_no_job_has_are_refused(
    inspector: QueueInspector, priorities: list[int]
) -> None:
    with pytest.raises(InvalidQuery, match="priorit"):
        await inspector.counts_per_priority(priorities)


async def test_a_moment_without_a_zone_is_refused(inspector: QueueInspector) -> None:
    with pytest.raises(InvalidQuery, match="time zone"):
        await inspector.due_before(datetime(2030, 1, 1))


@pytest.mark.parametrize("state", ChildState)
async def test_children_are_read_page_by_page(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector, state: ChildState
) -> None:
    expected = sorted(f"bull:q:{number}" for number in range(1_500))
    for key in expected:
        match state:
            case ChildState.PROCESSED:
                await connection.execute("HSET", keys.processed("1"), key, "7")
            case ChildState.IGNORED:
                await connection.execute("HSET", keys.ignored("1"), key, "too dark")
            case ChildState.UNPROCESSED:
                await connection.execute("SADD", keys.dependencies("1"), key)
            case ChildState.FAILED:
                await connection.execute("ZADD", keys.unsuccessful("1"), 0, key)
    seen: set[str] = set()
    cursor: int | None = 0
    pages = 0
    while cursor is not None:
        page = await inspector.children("1", state, cursor=cursor, limit=100)
        assert len(page.children) < 500
        assert {child.result for child in page.children} <= {"7" if state is ChildState.PROCESSED else None}
        reasons = {"too dark" if state is ChildState.IGNORED else None}
        assert {child.failed_reason for child in page.children} <= reasons
        seen |= {child.key for child in page.children}
        cursor = page.next_cursor
        pages += 1
    assert sorted(seen) == expected
    assert pages > 5


async def test_a_child_that_redis_names_twice_is_told_once(connection: Connection, keys: QueueKeys) -> None:
    class Rehashed(QueueInspector):
        """Redis names members twice while a hash grows or shrinks, which no test can bring about."""

        async def children(
            self, job_id: str, state: ChildState, *, cursor: int = 0, limit: int = 100
        ) -> ChildrenPage:
            pages = {0: ("a", "b"), 1: ("b", "a", "c")}
            return ChildrenPage(tuple(Child(key) for key in pages[cursor]), 1 if cursor == 0 else None)

    children = Rehashed(connection, keys).each_child("1", ChildState.UNPROCESSED)
    assert [child.key async for child in children] == ["a", "b", "c"]


@pytest.mark.parametrize("limiter", [None, "5"])
async def test_a_limit_that_runs_out_never_or_is_not_there_limits_nothing(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector, limiter: str | None
) -> None:
    if limiter is not None:
        await connection.execute("SET", keys.base + "limiter", limiter)
    assert [await inspector.rate_limited_for(most) for most in (None, 1)] == [0.0, 0.0]


async def test_minutes_have_their_times(
    connection: Connection, keys: QueueKeys, inspector: QueueInspector
) -> None:
    last = datetime(2026, 11, 24, 12, 30, 45, 678000, tzinfo=UTC)
    fields = ["count", 20, "prevTS", round(last.timestamp() * 1000), "prevCount", 15]
    await connection.execute("HSET", keys.base + "metrics:failed", *fields)
    await connection.execute("RPUSH", keys.base + "metrics:failed:data", 4, 0, 11)

    def at(minute: int) -> datetime:
        return datetime(2026, 11, 24, 12, minute, tzinfo=UTC)

    metrics = await inspector.metrics(JobState.FAILED)
    assert list(metrics.minutes()) == [(at(30), 5), (at(29), 4), (at(28), 0), (at(27), 11)]
    older = await inspector.metrics(JobState.FAILED, start=1, limit=1)
    assert (list(older.minutes()), older.stored_points) == ([(at(28), 0)], 3)
    assert list((await inspector.metrics(JobState.COMPLETED)).minutes()) == []
