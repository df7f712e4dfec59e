"""Adding: the same keys and events as the official scripts, job for job."""

import pytest
from differential.jobs import completed, job
from differential.pair import Pair

from toril.types import Backoff, Keep


def test_plain_jobs_wait_in_order(pair: Pair) -> None:
    assert pair.step("add", [job("a"), job("b"), job("c")]) == ["1", "2", "3"]
    pair.check()


def test_delayed_jobs_of_one_millisecond_get_consecutive_scores_until_it_is_full(pair: Pair) -> None:
    for _ in range(10):
        pair.step("add", [job(delay=60.0)] * 500)
    pair.check()


@pytest.mark.parametrize(
    "mix",
    [
        [job("plain"), job("first", lifo=True), job("next", lifo=True), job("last")],
        [job(priority=3), job(priority=1), job(priority=3), job(priority=2**21 - 1), job(priority=1)],
        [
            job(delay=5.0, priority=7),
            job(priority=7),
            job(delay=5.0),
            job(delay=4.999),
            job(lifo=True),
            job(),
        ],
        [job(job_id="a"), job(), job(job_id="b", delay=1.0), job(), job(job_id="c", priority=2)],
        [job(job_id="a"), job(job_id="a", delay=3.0), job(job_id="a", priority=1), job()],
        [job("ünï", data='{"text":"ñ 😀"}'.encode()), job("", data=b"{}"), job("a:b", data=b"[]")],
    ],
    ids=["lifo", "priorities", "delays", "custom ids", "one id thrice", "odd text"],
)
def test_a_mixed_batch_is_added_as_if_one_by_one(pair: Pair, mix: list) -> None:
    pair.step("add", [job(), job(priority=1), job(delay=5.0)])
    pair.step("add", mix)
    pair.clock.advance(1)
    pair.step("add", mix)
    pair.check()


def test_an_id_that_exists_is_answered_and_changes_nothing(pair: Pair) -> None:
    pair.step("add", [job("first", job_id="a")])
    assert pair.step("add", [job("other", job_id="a", delay=9.0), job()]) == ["a", "3"]
    pair.take(2)
    pair.step("add", [job(job_id="a")])
    pair.settle(completed("a"))
    pair.step("add", [job(job_id="a")])
    pair.check()


def test_every_option_is_stored_as_node_stores_it(pair: Pair) -> None:
    pair.step(
        "add",
        [
            job(attempts=3, backoff=Backoff("fixed", 1.5)),
            job(attempts=12, backoff=Backoff("exponential", 0.25, jitter=0.5), stack_trace_limit=3),
            job(keep_completed=Keep(0), keep_failed=Keep()),
            job(keep_completed=Keep(100), keep_failed=Keep(count=5, age=3600.0)),
            job(keep_completed=Keep(age=1.5), contract_version=4, stack_trace_limit=0),
            job(keep_completed=Keep(2, 60.0, limit=5), log_limit=10, size_limit=1_000),
            job(delay=0.001, lifo=True),
            job(job_id="ñ-\U0001f600"),
        ],
    )
    pair.check()


@pytest.mark.parametrize("added", [job(), job(lifo=True), job(priority=4), job(delay=4.0)])
def test_a_paused_queue_takes_jobs_in_but_wakes_nobody(pair: Pair, added: object) -> None:
    pair.step("pause")
    pair.step("add", [added])
    pair.check()
    pair.step("resume")
    pair.check()


@pytest.mark.parametrize("added", [job(), job(priority=4), job(delay=4.0)])
def test_a_queue_that_runs_all_it_may_wakes_nobody(pair: Pair, added: object) -> None:
    pair.step("set_concurrency", 1)
    pair.step("add", [job()])
    pair.take()
    pair.step("forget", "marker")
    pair.step("add", [added])
    pair.check()


def test_the_priority_counter_goes_on_from_one_batch_to_the_next(pair: Pair) -> None:
    pair.step("add", [job(priority=1)] * 3)
    pair.step("add", [job(), job(priority=1)])
    pair.take(5)
    pair.take()
    pair.step("add", [job(priority=1)])
    pair.check()


def test_the_stream_keeps_as_many_events_as_the_queue_says(pair: Pair) -> None:
    pair.step("plant", "HSET", "meta", "opts.maxLenEvents", 200)
    for _ in range(4):
        pair.step("add", [job()] * 250)
    pair.check()


def test_ids_of_fourteen_digits_stay_exact(pair: Pair) -> None:
    pair.step("plant", "SET", "id", 10**14 - 10)
    pair.step("add", [job(), job()])
    pair.check()


A_YEAR = 365 * 86_400.0


@pytest.mark.parametrize("years", [1.5, 10, 99])
def test_a_delay_of_years_keeps_its_millisecond(pair: Pair, years: float) -> None:
    """From 2039 on, scores are numbers of which a double leaves some out: such jobs share them."""
    pair.step(
        "add", [job(delay=years * A_YEAR), job(delay=years * A_YEAR), job(delay=years * A_YEAR + 0.001)]
    )
    pair.step("add", [job(delay=years * A_YEAR)])
    pair.check()
    pair.clock.advance(years * A_YEAR)
    pair.take(4)
    pair.check()


@pytest.mark.parametrize("options", [{}, {"delay": 5.0}, {"priority": 2}, {"lifo": True}], ids=str)
@pytest.mark.parametrize("ago", [-3600.0, 2.0, 3600.0])
def test_a_job_may_say_itself_when_it_was_added(pair: Pair, options: dict, ago: float) -> None:
    pair.step("add", [job(), job(enqueued_at=pair.clock.now - ago, **options), job(**options)])
    pair.check()
    pair.clock.advance(4)
    pair.take(3)
    pair.check()
