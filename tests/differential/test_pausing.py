"""Pausing and resuming, and the limits of a queue."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, job
from differential.pair import Pair
from differential.side import Worker

from toril.bull.intake import RateLimit


@pytest.mark.parametrize("jobs", [[], [job()], [job(priority=2)], [job(delay=5.0)], [job(), job(delay=5.0)]])
def test_a_pause_takes_the_marker_away_and_its_end_brings_it_back(pair: Pair, jobs: list) -> None:
    pair.step("add", jobs)
    pair.step("pause")
    pair.check()
    assert pair.take() == []
    pair.step("pause")
    pair.step("resume")
    pair.check()
    pair.step("resume")
    pair.take()
    pair.check()


def test_a_running_job_ends_while_its_queue_is_paused(pair: Pair) -> None:
    pair.step("add", [job(), job()])
    pair.take()
    pair.step("pause")
    pair.settle(completed("1"), capacity=1)
    pair.check()
    pair.step("resume")
    assert pair.take() == ["2"]
    pair.check()


@pytest.mark.parametrize("aside", [1, 3, 2100])
@pytest.mark.parametrize("waiting", [0, 2])
def test_the_jobs_that_an_older_bullmq_put_aside_are_the_next(pair: Pair, aside: int, waiting: int) -> None:
    pair.step("add", [job(job_id=f"aside-{number}") for number in range(aside)])
    pair.step("put_aside")
    pair.step("add", [job(job_id=f"new-{number}") for number in range(waiting)])
    pair.step("pause")
    pair.step("resume")
    pair.check()
    assert pair.take(2)[0] == "aside-0"
    pair.check()


def test_a_concurrency_holds_until_it_is_lifted(pair: Pair) -> None:
    pair.step("add", [job()] * 5)
    pair.step("set_concurrency", 2)
    assert pair.take(4) == ["1", "2"]
    pair.step("pause")
    pair.step("resume")
    pair.check()
    pair.step("set_concurrency", None)
    assert pair.take(4) == ["3", "4", "5"]
    pair.check()


def test_a_rate_limit_holds_until_it_is_lifted(pair: Pair) -> None:
    pair.step("add", [job()] * 5)
    pair.step("set_rate_limit", 2, 60.0)
    assert pair.take(4) == ["1", "2"]
    pair.check()
    pair.step("set_rate_limit", None)
    assert pair.take(1) == ["3"]
    pair.check()


def test_a_limit_by_hand_holds_until_it_is_ended(make_pair: Callable[..., Pair]) -> None:
    pair = make_pair(worker=Worker(limit=RateLimit(100, 60.0)))
    pair.step("add", [job()] * 2)
    assert pair.step("end_rate_limit") is False
    pair.step("limit_rate_for", 60.0)
    pair.check()
    assert pair.take() == []
    assert pair.step("end_rate_limit") is True
    assert pair.take() == ["1"]
    pair.check()


def test_events_are_trimmed_once_and_from_now_on(pair: Pair) -> None:
    pair.step("add", [job()] * 600)
    pair.step("trim_events", 100)
    pair.check()
    pair.step("keep_events", 200)
    pair.step("add", [job()] * 300)
    pair.check()
    assert pair.found.client.xlen(pair.found.keys.events) < 400
