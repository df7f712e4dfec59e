"""Stalled jobs, the renewal of locks, and what running jobs say of themselves."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, failed, job, postponed, released, retried
from differential.pair import TOKEN, Pair
from differential.side import Worker

PairMaker = Callable[..., Pair]


def check_again(pair: Pair) -> list[str]:
    pair.step("forget", "stalled-check")
    return pair.step("recover_stalled")


def test_nothing_has_stalled_in_an_empty_queue(pair: Pair) -> None:
    assert pair.step("recover_stalled") == []
    pair.check()


def test_only_one_check_is_made_per_interval(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.take()
    pair.step("recover_stalled")
    pair.step("forget", "1:lock")
    assert pair.step("recover_stalled") == []
    pair.check()


@pytest.mark.parametrize("priority", [0, 3])
@pytest.mark.parametrize("steering", ["free", "pause", "maxed"])
def test_jobs_without_a_lock_are_put_back_and_failed_when_it_happens_too_often(
    pair: Pair, priority: int, steering: str
) -> None:
    pair.step("add", [job(priority=priority)] * 3 + [job()])
    if steering == "maxed":
        pair.step("set_concurrency", 3)
    for _ in range(3):
        pair.take(3)
        if steering == "pause":
            pair.step("pause")
        check_again(pair)
        pair.step("forget", "1:lock", "3:lock", "marker")
        check_again(pair)
        pair.check()
        pair.step("resume")
    pair.take(4)
    pair.check()
    pair.settle(failed("1", reason="job stalled more than allowable limit"), completed("2"))
    pair.check()


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_a_job_may_stall_as_often_as_the_worker_says(make_pair: PairMaker, allowed: int) -> None:
    pair = make_pair(worker=Worker(most_stalls=allowed))
    pair.step("add", [job()])
    for _ in range(4):
        pair.take()
        check_again(pair)
        pair.step("forget", "1:lock")
        check_again(pair)
        pair.check()


@pytest.mark.parametrize("schedule", ["hash", "zset", "gone"])
def test_a_job_of_a_schedule_may_stall_as_often_as_it_likes(pair: Pair, schedule: str) -> None:
    pair.step("add", [job()])
    pair.step("plant", "HSET", "1", "rjk", "nightly")
    if schedule == "hash":
        pair.step("plant", "HSET", "repeat:nightly", "ic", 1)
    elif schedule == "zset":
        pair.step("plant", "ZADD", "repeat", 5, "nightly")
    for _ in range(3):
        pair.take()
        check_again(pair)
        pair.step("forget", "1:lock")
        check_again(pair)
    pair.compare()  # half a schedule breaks the invariants


@pytest.mark.parametrize("ending", [completed, failed, retried, postponed, released])
def test_a_job_that_has_ended_is_no_candidate_any_more(pair: Pair, ending: Callable) -> None:
    pair.step("add", [job(), job(), job()])
    pair.take(2)
    check_again(pair)
    pair.settle(ending("1"), capacity=1)
    pair.step("forget", "2:lock")
    check_again(pair)
    pair.check()
    check_again(pair)
    pair.check()


def test_many_jobs_stall_at_once(pair: Pair) -> None:
    for _ in range(4):
        pair.step("add", [job()] * 200)
        pair.take(200)
    check_again(pair)
    pair.step("forget", *[f"{number}:lock" for number in range(1, 800, 3)])
    assert len(check_again(pair)) == 267
    pair.check()


def test_an_active_id_whose_job_is_gone_does_not_come_back_as_a_job(pair: Pair) -> None:
    """Ours alone: BullMQ gives it to a worker, as a job without a name."""
    ours = pair.found
    ours.add([job()])
    ours.settle_and_take([], 1, TOKEN)
    ours.recover_stalled()
    ours.forget("1", "1:lock", "stalled-check")
    ours.recover_stalled()
    assert ours.settle_and_take([], 1, TOKEN).jobs == []
    assert not ours.client.exists(ours.keys.job("1"), ours.keys.wait, ours.keys.active)


def test_a_job_that_stalled_is_refused_from_the_worker_that_lost_it(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.take()
    check_again(pair)
    pair.step("forget", "1:lock")
    check_again(pair)
    assert pair.settle(completed("1")).refused == [("1", -2)]
    pair.take(token="worker:2")  # noqa: S106
    assert pair.settle(completed("1")).refused == [("1", -6)]
    pair.settle(completed("1", token="worker:2"), capacity=1)  # noqa: S106
    pair.check()


def test_renewed_locks_live_on_and_lost_ones_are_named(pair: Pair) -> None:
    pair.step("add", [job()] * 5)
    pair.take(5)
    check_again(pair)
    for job_id in "1245":
        pair.step("plant", "PEXPIRE", f"{job_id}:lock", 20_000)
    pair.step("forget", "2:lock")
    pair.step("plant", "SET", "3:lock", "another", "PX", 20_000)
    locks = [(job_id, TOKEN) for job_id in ("1", "2", "3", "4", "no such job")]
    assert pair.step("renew_locks", locks) == ["2", "3", "no such job"]
    pair.check()


def test_progress_and_log_lines_are_stored_and_told(pair: Pair) -> None:
    pair.step("add", [job()])
    for fraction in (0.0, 0.07, 0.5, 1.0):
        pair.step("update_progress", "1", fraction)
    for line in ("one", "", "ñ\n😀"):
        pair.step("add_log", "1", line)
    pair.check()


@pytest.mark.parametrize("limit", [1, 2, 3, 10])
def test_a_log_keeps_as_many_lines_as_its_job_says(pair: Pair, limit: int) -> None:
    pair.step("add", [job()])
    for number in range(4):
        pair.step("add_log", "1", f"line {number}", limit)
    pair.check()


def test_a_job_that_is_gone_takes_neither_progress_nor_log_lines(pair: Pair) -> None:
    assert pair.step("update_progress", "9", 0.5) == -1
    assert pair.step("add_log", "9", "line") == -1
    pair.check()
