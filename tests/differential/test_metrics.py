"""Counts of the jobs that ended, minute by minute."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, failed, job, retried
from differential.pair import Pair
from differential.side import Worker

from toril.types import Keep

PairMaker = Callable[..., Pair]
OTHER_TOKEN = "worker:2"  # noqa: S105


@pytest.fixture
def counted(make_pair: PairMaker) -> Pair:
    """A queue whose worker keeps the counts of five minutes."""
    return make_pair(worker=Worker(metrics_minutes=5))


def end(pair: Pair, *endings: Callable[..., object], keep: Keep | None = None) -> None:
    pair.step("add", [job() for _ in endings])
    taken = pair.take(len(endings))
    pair.settle(*(ending(job_id, keep=keep) for ending, job_id in zip(endings, taken, strict=True)))
    pair.check()


@pytest.mark.parametrize("pause", [1.0, 59.0, 60.0, 61.0, 120.0, 200.0, 299.0, 300.0, 301.0, 3_000.0])
def test_minutes_are_counted_apart(counted: Pair, pause: float) -> None:
    for _ in range(4):
        end(counted, completed, failed, completed)
        counted.clock.advance(pause)


def test_many_minutes_may_pass_between_two_jobs(make_pair: PairMaker) -> None:
    pair = make_pair(worker=Worker(metrics_minutes=20_000))
    end(pair, completed)
    pair.clock.advance(86_400.0 * 10)
    end(pair, completed, completed)
    pair.clock.advance(60.0)
    end(pair, completed)


def test_a_clock_that_runs_back_adds_no_minute(counted: Pair) -> None:
    end(counted, completed)
    counted.clock.advance(-600.0)
    end(counted, completed)
    counted.clock.advance(700.0)
    end(counted, failed, completed)


def test_jobs_that_are_removed_count_and_those_that_go_on_do_not(counted: Pair) -> None:
    end(counted, completed, failed, keep=Keep(0))
    counted.step("add", [job(attempts=3)] * 3)
    taken = counted.take(3)
    counted.settle(retried(taken[0]), completed(taken[1], token=OTHER_TOKEN), completed(taken[2]))
    counted.check()


def test_a_worker_without_metrics_counts_nothing(pair: Pair) -> None:
    end(pair, completed, failed)
    assert not pair.expected.client.keys(f"{pair.found.keys.base}metrics*")
