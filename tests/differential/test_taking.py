"""Taking: what is taken, in which order, and what keeps jobs from being taken."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, job, retried
from differential.pair import Pair
from differential.side import Worker

from toril.bull.intake import RateLimit

PairMaker = Callable[..., Pair]


def test_jobs_are_taken_first_in_first_out_and_prioritized_ones_last(pair: Pair) -> None:
    pair.step("add", [job(priority=2), job(), job(priority=1), job(lifo=True), job(), job(priority=1)])
    assert pair.take(4) == ["4", "2", "5", "3"]
    pair.check()
    assert pair.take(2) == ["6", "1"]
    pair.check()


@pytest.mark.parametrize("reset", [(), ("atm",), ("ats",), ("atm", "ats")], ids=str)
def test_a_job_is_taken_with_its_history_whatever_a_dashboard_has_reset(
    pair: Pair, reset: tuple[str, ...]
) -> None:
    pair.step("add", [job(attempts=3)])
    pair.take()
    pair.settle(retried("1"))
    if reset:
        pair.step("plant", "HDEL", "1", *reset)
    pair.take()
    pair.check()


def test_a_worker_without_a_name_leaves_none(make_pair: PairMaker) -> None:
    pair = make_pair(worker=Worker(name=None))
    pair.step("add", [job()])
    pair.take()
    pair.check()


@pytest.mark.parametrize("capacity", [1, 2, 3, 10])
@pytest.mark.parametrize("waiting", [0, 1, 2], ids="waiting {}".format)
@pytest.mark.parametrize("prioritized", [0, 1, 2], ids="prioritized {}".format)
@pytest.mark.parametrize("delayed", [0, 1], ids="delayed {}".format)
def test_the_last_jobs_are_taken(
    pair: Pair, capacity: int, waiting: int, prioritized: int, delayed: int
) -> None:
    added = [job()] * waiting + [job(priority=1)] * prioritized + [job(delay=60.0)] * delayed
    if added:
        pair.step("add", added)
    pair.take(capacity)
    pair.check()
    pair.take(capacity)
    pair.check()


def test_taking_without_capacity_takes_nothing(pair: Pair) -> None:
    pair.step("add", [job(), job(delay=1.0)])
    pair.clock.advance(2)
    pair.take(0)
    pair.check()


@pytest.mark.parametrize("steering", ["pause", "maxed", "limited", "free"])
@pytest.mark.parametrize("elapsed", [4.999, 5.0, 5.001])
def test_due_jobs_are_promoted_whatever_the_queue_allows(pair: Pair, steering: str, elapsed: float) -> None:
    pair.step("add", [job(), job()])
    match steering:
        case "pause":
            pair.step("pause")
        case "maxed":
            pair.step("set_concurrency", 1)
        case "limited":
            pair.step("set_rate_limit", 1, 60.0)
        case _:
            pass
    pair.take()
    mix = [
        job(delay=5.0),
        job(delay=5.0, priority=3),
        job(delay=5.001),
        job(delay=5.0, lifo=True),
        job(delay=4.0),
    ]
    pair.step("add", mix)
    pair.step("forget", "marker")
    pair.clock.advance(elapsed)
    pair.take(4)
    pair.check()


def test_more_jobs_are_due_than_one_call_promotes(pair: Pair) -> None:
    """A thousand each time: BullMQ as often as it takes a job, ours once a call, however many it takes."""
    for _ in range(5):
        pair.step("add", [job(delay=1.0)] * 240)
    pair.clock.advance(2)
    pair.take(1)
    pair.take(1)
    pair.check()


def test_more_jobs_of_one_millisecond_than_it_has_scores_for_become_due(pair: Pair) -> None:
    """5,000, of which the last 900 share one score: they are promoted in the order of their ids' letters."""
    for _ in range(20):
        pair.step("add", [job(delay=60.0)] * 250)
    pair.clock.advance(60)
    for _ in range(6):
        pair.take(1)
    pair.check()


@pytest.mark.parametrize("capacity", [1, 2, 5])
def test_no_more_jobs_run_than_the_queue_allows(pair: Pair, capacity: int) -> None:
    pair.step("set_concurrency", 2)
    pair.step("add", [job()] * 3 + [job(priority=1)])
    for _ in range(3):
        pair.take(capacity)
    pair.check()
    pair.settle(completed("1"), capacity=capacity)
    pair.check()


def test_a_lowered_concurrency_counts_the_jobs_that_run_already(pair: Pair) -> None:
    pair.step("add", [job()] * 5)
    pair.take(3)
    pair.step("set_concurrency", 1)
    pair.take(2)
    pair.settle(completed("1"), completed("2"), capacity=2)
    pair.settle(completed("3"), capacity=2)
    pair.check()


def test_a_paused_queue_gives_nothing(pair: Pair) -> None:
    pair.step("add", [job(), job(delay=9.0)])
    pair.step("pause")
    pair.take(2)
    pair.check()
    pair.step("resume")
    pair.take(2)
    pair.check()


@pytest.mark.parametrize("capacity", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("whose", ["the queue's", "the worker's", "both"])
def test_no_more_jobs_start_than_the_rate_limit_allows(
    make_pair: PairMaker, whose: str, capacity: int
) -> None:
    pair = make_pair(worker=Worker(limit=None if whose == "the queue's" else RateLimit(2, 90.0)))
    if whose != "the worker's":
        pair.step("set_rate_limit", 3, 60.0)
    pair.step("add", [job()] * 4 + [job(priority=1), job(delay=1.0)])
    pair.take(capacity)
    pair.check()
    pair.clock.advance(1)
    pair.take(capacity)
    pair.check()
    pair.step("forget", "limiter")
    pair.take(capacity)
    pair.settle(completed("1"), capacity=capacity)
    pair.check()


def test_a_full_counter_that_never_expires_limits_nothing(pair: Pair) -> None:
    pair.step("set_rate_limit", 2, 60.0)
    pair.step("plant", "SET", "limiter", 7)
    pair.step("add", [job()] * 3)
    pair.take(1)
    pair.take(2)
    pair.check()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_counter_below_the_limit_that_never_expires_counts_on(pair: Pair, count: int) -> None:
    pair.step("set_rate_limit", 3, 60.0)
    pair.step("plant", "SET", "limiter", count)
    pair.step("add", [job()] * 6)
    pair.take(4)
    pair.take(2)
    pair.check()


@pytest.mark.parametrize("limit", [None, RateLimit(100, 60.0)])
def test_a_manual_rate_limit_holds(make_pair: PairMaker, limit: RateLimit | None) -> None:
    pair = make_pair(worker=Worker(limit=limit))
    pair.step("add", [job(), job(delay=5.0)])
    pair.step("limit_rate_for", 40.0)
    pair.clock.advance(6.0)
    assert not pair.take(2)
    pair.check()
    pair.step("forget", "limiter")
    assert pair.take(2)
    pair.check()


def test_a_counter_that_others_count_with_does_not_hold_for_a_worker_without_a_limit(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.step("plant", "SET", "limiter", 1_000, "PX", 40_000)
    assert pair.take(2)
    pair.check()


@pytest.mark.parametrize("capacity", [1, 2, 3, 9])
def test_jobs_that_are_only_taken_to_fail_use_none_of_the_rate(pair: Pair, capacity: int) -> None:
    pair.step("set_rate_limit", 2, 60.0)
    pair.step("add", [job()] * 7)
    for doomed in ("1", "3", "4"):
        pair.step("plant", "HSET", doomed, "defa", "job stalled more than allowable limit")
    pair.take(capacity)
    pair.check()
    pair.take(capacity)
    pair.check()


@pytest.mark.parametrize("capacity", [1, 2])
@pytest.mark.parametrize("settles", [False, True])
def test_a_marker_of_an_older_bullmq_in_the_waiting_list_is_no_job(
    pair: Pair, capacity: int, settles: bool
) -> None:
    pair.step("add", [job()])
    pair.take()
    pair.step("plant", "RPUSH", "wait", "0:1700000000123")
    pair.step("add", [job()])
    pair.settle(*[completed("1")] * settles, capacity=capacity)
    pair.check()


def test_only_a_marker_of_an_older_bullmq_waits(pair: Pair) -> None:
    pair.step("plant", "RPUSH", "wait", "0:1700000000123")
    pair.step("add", [job(priority=2)])
    pair.take(2)
    pair.take(2)
    pair.check()


def test_an_id_whose_job_is_gone_is_not_given_to_a_handler(pair: Pair) -> None:
    """Ours alone: BullMQ makes such a ghost active, as a job without a name."""
    ours = pair.found
    ours.add([job(), job(), job(priority=1)])
    for ghost in ("1", "3"):
        ours.forget(ghost)
    assert [taken.id for taken in ours.settle_and_take([], 5, "t").jobs] == ["2"]
    assert ours.client.lrange(ours.keys.active, 0, -1) == [b"2"]
    assert not ours.client.exists(
        ours.keys.wait, ours.keys.prioritized, ours.keys.job("1"), ours.keys.lock("1")
    )
