"""Changing one job: its time, its priority, its data, its deduplication key."""

import pytest
from differential.jobs import completed, failed, job
from differential.pair import Pair


@pytest.mark.parametrize("delay", [0.0, 0.001, 5.0, 3600.0])
@pytest.mark.parametrize("steering", ["free", "paused"])
def test_a_delayed_job_is_given_another_time(pair: Pair, delay: float, steering: str) -> None:
    pair.step("add", [job(delay=5.0), job(delay=5.0), job(delay=50.0)])
    if steering == "paused":
        pair.step("pause")
    for job_id in "132":
        assert pair.step("change_delay", job_id, delay) == "done"
        pair.check()
    pair.clock.advance(6)
    pair.step("resume")
    pair.take(3)
    pair.check()


def test_the_places_of_a_millisecond_are_given_out_as_bullmq_does(pair: Pair) -> None:
    pair.step("add", [job(delay=5.0)] * 4)
    for job_id in ["2", "2", "4", "1"]:
        pair.step("change_delay", job_id, 5.0)
        pair.check()


def test_what_is_not_delayed_has_no_time_to_change(pair: Pair) -> None:
    pair.step("add", [job(), job(), job(priority=2)])
    pair.take(2)
    pair.settle(completed("1"))
    for job_id, state in {"1": "completed", "2": "active", "3": "prioritized", "9": None}.items():
        assert pair.step("change_delay", job_id, 5.0) == state
    pair.check()


@pytest.mark.parametrize("priority", [0, 1, 5, 2**21 - 1])
@pytest.mark.parametrize("lifo", [False, True])
@pytest.mark.parametrize("steering", ["free", "paused", "maxed"])
def test_a_job_that_waits_is_put_in_line_by_its_new_priority(
    pair: Pair, priority: int, lifo: bool, steering: str
) -> None:
    pair.step("add", [job(), job(), job(priority=5), job(priority=5), job(delay=5.0)])
    if steering == "paused":
        pair.step("pause")
    elif steering == "maxed":
        pair.take()
        pair.step("set_concurrency", 1)
    pair.step("forget", "marker")
    for job_id in "2435":
        assert pair.step("change_priority", job_id, priority, lifo) == "done"
        pair.check()
    pair.step("resume")
    pair.step("set_concurrency", None)
    pair.clock.advance(6)
    pair.take(5)
    pair.check()


def test_a_job_that_does_not_wait_keeps_its_new_priority_for_later(pair: Pair) -> None:
    pair.step("add", [job(), job(), job()])
    pair.take(3)
    pair.settle(completed("1"), failed("2"))
    for job_id in "123":
        pair.step("change_priority", job_id, 7)
    assert pair.step("change_priority", "9", 7) is None
    pair.check()
    pair.step("retry", "2")
    pair.check()


def test_data_is_replaced_whatever_the_state(pair: Pair) -> None:
    pair.step("add", [job(), job(), job(delay=5.0)])
    pair.take()
    for job_id in "123":
        assert pair.step("update_data", job_id, b'{"n":2}') == "done"
    assert pair.step("update_data", "9", b"{}") is None
    pair.check()


@pytest.mark.parametrize(("held_by", "is_freed"), [(None, True), ("1", True), ("77", False)])
def test_a_deduplication_key_is_freed(pair: Pair, held_by: str | None, is_freed: bool) -> None:
    pair.step("add_one", "mix", {"de": {"id": "colour"}})
    assert pair.step("release_deduplication", "colour", held_by) is is_freed
    assert pair.step("release_deduplication", "nothing", held_by) is False
    pair.check()
    pair.step("add_one", "mix", {"de": {"id": "colour"}})
    pair.check()


@pytest.mark.parametrize("keep", [0, 1, 3, 9])
def test_a_log_is_cleared_but_for_its_newest_lines(pair: Pair, keep: int) -> None:
    pair.step("add", [job(), job()])
    for number in range(3):
        pair.step("add_log", "1", f"line {number}")
    for job_id in ("1", "2", "nobody"):
        pair.step("clear_logs", job_id, keep)
        pair.check()
    assert pair.step("logs", "1", 0, 10)[1] == min(keep, 3)
