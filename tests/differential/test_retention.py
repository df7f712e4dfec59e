"""Retention: how long jobs stay that have ended."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, failed, job
from differential.pair import Pair

from toril.types import Keep

KEEPS = [
    None,
    Keep(0),
    Keep(1),
    Keep(2),
    Keep(age=1.5),
    Keep(age=0.0),
    Keep(2, 1.5),
    Keep(1, 100.0),
    Keep(0, 9.0),
    Keep(age=1.5, limit=1),
]
each_keep = pytest.mark.parametrize("keep", KEEPS, ids=str)
each_ending = pytest.mark.parametrize("ending", [completed, failed], ids=lambda ending: ending.__name__)


@each_keep
@each_ending
def test_old_jobs_go_when_others_end(pair: Pair, ending: Callable, keep: Keep | None) -> None:
    pair.step("add", [job()] * 12)
    for capacity in (4, 3, 3, 2):
        batch = pair.take(capacity)
        pair.step("add_log", batch[0], "a line")
        pair.settle(*[ending(job_id, keep=keep) for job_id in batch], capacity=0)
        pair.check()
        pair.clock.advance(1)


@each_ending
@pytest.mark.parametrize("first", KEEPS, ids=str)
@pytest.mark.parametrize("second", KEEPS, ids=str)
def test_a_batch_with_several_retentions_ends_as_if_one_by_one(
    pair: Pair, ending: Callable, first: Keep | None, second: Keep | None
) -> None:
    pair.step("add", [job()] * 8)
    pair.take(8)
    pair.settle(ending("8"), ending("1"))
    pair.clock.advance(2)
    pair.settle(
        ending("2", keep=first),
        ending("3"),
        ending("4", keep=second),
        failed("5", keep=second),
        ending("6"),
        completed("7", keep=first),
        capacity=1,
    )
    pair.check()


def test_jobs_of_one_millisecond_are_kept_by_their_ids(pair: Pair) -> None:
    pair.step("add", [job()] * 12)
    taken = pair.take(12)
    pair.settle(*[completed(job_id, keep=Keep(3)) for job_id in reversed(taken)])
    pair.check()


def test_removed_jobs_leave_nothing_but_their_events(pair: Pair) -> None:
    pair.step("add", [job(), job(attempts=2)])
    pair.take(2)
    pair.step("add_log", "1", "a line")
    pair.step("update_progress", "2", 0.5)
    pair.settle(completed("1", keep=Keep(0)), failed("2", keep=Keep(0), attempts=1), capacity=1)
    pair.check()


def test_a_thousand_jobs_at_most_are_removed_for_their_age_in_one_call(pair: Pair) -> None:
    for _ in range(5):
        pair.step("add", [job()] * 210)
        pair.settle(*[completed(job_id) for job_id in pair.take(210)])
    pair.step("add", [job()])
    pair.take()
    pair.clock.advance(100)
    pair.settle(completed("1051", keep=Keep(age=10.0)))
    pair.check()
