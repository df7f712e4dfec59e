"""Deduplication: the key that a job holds, and the duplicate that was kept for its end."""

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job, postponed, released, retried
from differential.pair import Pair

from toril.types import Keep

Mode = dict[str, object]
MODES: dict[str, Mode] = {
    "simple": {},
    "ttl": {"ttl": 60_000},
    "extend": {"ttl": 60_000, "extend": True},
    "replace": {"replace": True},
    "debounce": {"ttl": 60_000, "replace": True, "extend": True},
    "keep last": {"keepLastIfActive": True},
    "keep last, ttl": {"keepLastIfActive": True, "ttl": 60_000},
    "keep last, replace": {"keepLastIfActive": True, "replace": True},
}
each_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES.keys())
each_capacity = pytest.mark.parametrize("capacity", [0, 1, 3])


def add_one(
    pair: Pair, mode: Mode, *, job_id: str | None = None, parent: Parent | None = None, **options: object
) -> None:
    pair.step("add_one", "mix", {**options, "de": {"id": "colour", **mode}}, job_id=job_id, parent=parent)


@each_mode
@each_capacity
@pytest.mark.parametrize("keep", [None, Keep(0)], ids=["kept", "removed"])
@pytest.mark.parametrize("ending", [completed, failed, retried, postponed, released])
def test_a_deduplicated_job_ends_and_another_may_come(
    pair: Pair, mode: Mode, keep: Keep | None, ending: object, capacity: int
) -> None:
    add_one(pair, mode)
    add_one(pair, mode)
    pair.take()
    add_one(pair, mode)
    add_one(pair, mode, job_id="last")
    pair.check()
    ends = ending("1", keep=keep) if ending in (completed, failed) else ending("1")
    pair.settle(ends, capacity=capacity)
    pair.check()
    add_one(pair, mode)
    pair.settle(capacity=1)
    pair.check()


@each_capacity
@pytest.mark.parametrize(
    "options",
    [
        {"delay": 5000},
        {"priority": 4},
        {"lifo": True},
        {"delay": 5000, "priority": 4},
        {"backoff": {"type": "fixed"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("job_id", [None, "custom"])
@pytest.mark.parametrize("steering", ["free", "pause"])
def test_the_kept_duplicate_becomes_a_job_with_its_own_options(
    pair: Pair, options: Mode, job_id: str | None, capacity: int, steering: str
) -> None:
    keep_last = MODES["keep last"]
    add_one(pair, keep_last)
    pair.step("add", [job(), job(delay=5.0)])
    pair.take(2)
    add_one(pair, keep_last, job_id=job_id, **options)
    if steering == "pause":
        pair.step("pause")
    pair.clock.advance(3)
    pair.settle(completed("2"), completed("1"), capacity=capacity)
    pair.check()
    pair.clock.advance(5)
    pair.take(3)
    pair.check()


def test_a_kept_duplicate_that_is_a_child_is_waited_for(pair: Pair) -> None:
    keep_last = MODES["keep last"]
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    add_one(pair, keep_last)
    pair.take()
    add_one(pair, keep_last, parent=Parent("parent", flag="fpof"))
    pair.settle(completed("2"), capacity=1)
    pair.check()
    pair.settle(failed("3"), capacity=1)
    pair.check()


def test_a_key_that_another_job_holds_by_now_is_left(pair: Pair) -> None:
    add_one(pair, {})
    pair.take()
    pair.step("add", [job(job_id="other")])
    pair.step("plant", "SET", "de:colour", "other")
    pair.settle(completed("1"))
    pair.check()


def test_several_jobs_with_keys_end_in_one_batch(pair: Pair) -> None:
    for colour in ("red", "green", "blue"):
        for _ in range(2):
            pair.step("add_one", "mix", {"de": {"id": colour}})
    taken = pair.take(3)
    pair.settle(*[completed(job_id, keep=Keep(0)) for job_id in taken], capacity=2)
    pair.check()


def test_plain_jobs_are_added_with_the_id_of_a_kept_duplicate(pair: Pair) -> None:
    keep_last = MODES["keep last"]
    add_one(pair, keep_last)
    pair.take()
    add_one(pair, keep_last, job_id="next")
    pair.step("add", [job(job_id="next"), job()])
    pair.settle(retried("1"), capacity=2)
    pair.compare()
