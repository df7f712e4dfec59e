"""Watching: each reader answers as BullMQ's own does, and changes nothing."""

from collections.abc import Callable

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.pair import Pair
from differential.side import Worker

PairMaker = Callable[..., Pair]
STATES = ("waiting", "active", "prioritized", "delayed", "waiting-children", "completed", "failed")
KINDS = ("processed", "unprocessed", "ignored", "failed")


@pytest.fixture
def full(pair: Pair) -> Pair:
    """A queue with several jobs in every state."""
    pair.step("add", [job() for _ in range(7)])
    taken = pair.take(7)
    for ended in (completed(taken[0]), failed(taken[1]), completed(taken[2]), failed(taken[3])):
        pair.clock.advance(1.0)
        pair.settle(ended)
    pair.step("add", [job(lifo=number == 2) for number in range(5)])
    pair.step("add", [job(priority=priority) for priority in (3, 1, 2_097_151, 3, 2)])
    pair.step("add", [job(delay=delay) for delay in (50.0, 5.0, 500.0)])
    for parent in "ab":
        pair.step("add_one", "frame", {}, job_id=parent, waits_for_children=True)
        pair.step("add_one", "canvas", {"delay": 9_000}, parent=Parent(parent))
    return pair


def test_jobs_are_counted_in_every_state(full: Pair) -> None:
    assert full.step("counts", *STATES) == [5, 3, 5, 5, 2, 2, 2]
    full.check()


def test_jobs_of_a_paused_queue_of_an_older_bullmq_are_waiting(full: Pair) -> None:
    full.step("plant", "LPUSH", "paused", "1", "2")
    assert full.step("counts", "waiting") == [7]


@pytest.mark.parametrize("others", [0, 2])
def test_a_marker_of_an_older_bullmq_is_not_counted(pair: Pair, others: int) -> None:
    pair.step("add", [job()] * others)
    pair.step("plant", "RPUSH", "wait", "0:1700000000000")
    assert pair.step("counts", "waiting") == [others]


def test_an_empty_queue_answers_too(pair: Pair) -> None:
    assert pair.step("counts", *STATES) == [0] * len(STATES)
    assert pair.step("counts_per_priority", 0, 1) == [0, 0]
    assert pair.step("metrics", "completed") == ([0, 0, 0], [], 0)
    assert pair.step("rate_limited_for") == 0
    assert pair.step("children_counts", "1") == [0, 0, 0, 0]
    assert pair.step("deduplication_holder", "colour") is None
    assert pair.step("logs", "1", 0, 10) == ([], 0)
    assert pair.step("meta") == (False, None, None, 10_000)
    assert pair.step("state", "1") is None
    pair.check()


def test_jobs_are_counted_by_priority(full: Pair) -> None:
    assert full.step("counts_per_priority", 0, 1, 2, 3, 4, 2_097_151) == [5, 1, 1, 2, 0, 1]


def test_the_first_and_the_last_of_a_priority_belong_to_it(pair: Pair) -> None:
    for number, score in enumerate([3 * 2**32, 4 * 2**32 - 1, 4 * 2**32]):
        pair.step("plant", "ZADD", "prioritized", score, f"job {number}")
    assert pair.step("counts_per_priority", 2, 3, 4) == [0, 2, 1]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_jobs_of_a_state_are_paged(full: Pair, state: str, newest_first: bool, limit: int) -> None:
    seen: list[str] = []
    while page := full.step("jobs", state, len(seen), limit, newest_first=newest_first):
        seen += page
    assert [len(seen)] == full.step("counts", state)
    assert len(seen) == len(set(seen))
    for job_id in seen:
        assert full.step("state", job_id) == state
    full.check()


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(("start", "limit"), [(0, 1), (0, 3), (2, 2), (0, 9), (4, 9), (5, 1), (9, 2)])
def test_a_log_is_paged_from_either_end(pair: Pair, start: int, limit: int, newest_first: bool) -> None:
    pair.step("add", [job()])
    for number in range(5):
        pair.step("add_log", "1", f"line {number} ü")
    _, total = pair.step("logs", "1", start, limit, newest_first=newest_first)
    assert total == 5


@pytest.mark.parametrize("pauses", [(), (0.0,), (60.0,), (30.0, 300.0, 61.0, 1.0), (60.0,) * 7])
@pytest.mark.parametrize("state", ["completed", "failed"])
def test_metrics_are_read_as_the_official_script_wrote_them(
    make_pair: PairMaker, pauses: tuple[float, ...], state: str
) -> None:
    pair = make_pair(worker=Worker(metrics_minutes=5))
    for pause in (0.0, *pauses):
        pair.clock.advance(pause)
        pair.step("add", [job()] * 3)
        first, second, third = pair.take(3)
        pair.settle(completed(first), failed(second), completed(third))
    (count, _, _), _, stored = pair.step("metrics", state)
    assert count == (1 + len(pauses)) * (2 if state == "completed" else 1)
    assert stored <= 5
    for start in range(4):
        pair.step("metrics", state, start, 2)


def test_metrics_that_cannot_be_read_count_as_nothing(pair: Pair) -> None:
    pair.step("plant", "HSET", "metrics:completed", "count", "12", "prevTS", "1700000000000")
    pair.step("plant", "RPUSH", "metrics:completed:data", "3", "", "4")
    assert pair.step("metrics", "completed") == ([12, 1_700_000_000_000, 0], [3, 0, 4], 3)


@pytest.mark.parametrize("most_jobs", [None, 1, 2, 3])
@pytest.mark.parametrize("of_queue", [None, 1, 2, 3])
@pytest.mark.parametrize("seconds", [None, 90, 3600])
def test_a_rate_limit_tells_how_long_it_holds(
    pair: Pair, most_jobs: int | None, of_queue: int | None, seconds: int | None
) -> None:
    if of_queue is not None:
        pair.step("set_rate_limit", of_queue, 3600.0)
    pair.step("plant", "SET", "limiter", "2", *(() if seconds is None else ("EX", str(seconds))))
    pair.step("rate_limited_for", most_jobs)
    pair.check()


def test_a_limit_set_by_hand_holds(pair: Pair) -> None:
    pair.step("plant", "SET", "limiter", "9007199254740991", "EX", "600")
    for most_jobs in (None, 1, 1_000_000):
        assert pair.step("rate_limited_for", most_jobs) == 600


@pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])
def test_children_are_counted_and_read_by_what_came_of_them(pair: Pair, flag: str | None) -> None:
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    for child in "abcd":
        pair.step("add_one", "canvas", {}, job_id=child, parent=Parent("parent", flag=flag))
    pair.take(3)
    pair.settle(
        completed("a", result=b'{"n": 1}'), failed("b", reason="too dark"), completed("c", result=b"0")
    )
    assert sum(pair.step("children_counts", "parent")) == (3 if flag == "rdof" else 4)
    for kind in KINDS:
        pair.step("children", "parent", kind)
    pair.check()


def test_many_children_are_all_read(pair: Pair) -> None:
    fields = [word for number in range(1500) for word in (f"bull:q:{number}", f'"{number}"')]
    scores = [word for number in range(1500) for word in (number, f"bull:q:{number}")]
    pair.step("plant", "HSET", "p:processed", *fields)
    pair.step("plant", "HSET", "p:failed", *fields)
    pair.step("plant", "SADD", "p:dependencies", *fields[::2])
    pair.step("plant", "ZADD", "p:unsuccessful", *scores)
    for kind in KINDS:
        assert len(pair.step("children", "p", kind)) == 1500


def test_the_holder_of_a_deduplication_key_is_told(pair: Pair) -> None:
    for _ in range(2):
        pair.step("add_one", "mix", {"de": {"id": "colour"}})
    assert pair.step("deduplication_holder", "colour") == "1"
    pair.settle(completed(pair.take()[0]))
    assert pair.step("deduplication_holder", "colour") is None


def test_what_was_set_for_the_queue_is_told(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.step("pause")
    pair.step("set_concurrency", 3)
    pair.step("set_rate_limit", 5, 60.0)
    pair.step("plant", "HSET", "meta", "opts.maxLenEvents", "77", "version", "bullmq:6.7.0")
    assert pair.step("meta") == (True, 3, (5, 60_000), 77)
    pair.step("resume")
    pair.step("set_concurrency", None)
    pair.step("plant", "HDEL", "meta", "duration")
    assert pair.step("meta") == (False, None, None, 77)
    pair.check()
