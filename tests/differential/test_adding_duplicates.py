"""Adding with a deduplication key: what becomes of the job, of the one that holds the key, and of the key."""

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job, postponed
from differential.pair import Pair

from toril.bull.queue import NewJob
from toril.types import Deduplicate, Keep

RESCHEDULE = {"reschedule": True}
MODES = {
    "simple": {},
    "ttl": {"ttl": 60.0},
    "extend": {"ttl": 60.0, "extend": True},
    "replace": {"replace": True},
    "throttle the latest": {"ttl": 60.0, "replace": True},
    "debounce": {"ttl": 60.0, "extend": True, "replace": True},
    "keep last": {"keep_last": True},
    "keep last, replace": {"keep_last": True, "replace": True},
}
NEWER_MODES = {
    "reschedule": RESCHEDULE,
    "reschedule, ttl": {"ttl": 60.0, **RESCHEDULE},
    "reschedule, extend": {"ttl": 60.0, "extend": True, **RESCHEDULE},
    "reschedule, keep last": {"keep_last": True, **RESCHEDULE},
}
PLAIN, DELAYED, PRIORITIZED = {}, {"delay": 5.0}, {"priority": 3}
CUSTOM = {"job_id": "custom", "delay": 2.0}
HOLDERS = [PLAIN, DELAYED, PRIORITIZED, CUSTOM, {"lifo": True}, {"delay": 5.0, "priority": 3}]

each_mode = pytest.mark.parametrize(
    "mode",
    [pytest.param(mode, id=name) for name, mode in MODES.items()]
    # The wheel's scripts do not know it: these run those of the npm package.
    + [pytest.param(mode, id=name, marks=pytest.mark.node) for name, mode in NEWER_MODES.items()],
)
each_older_mode = pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
each_holder = pytest.mark.parametrize("holder", HOLDERS, ids=str)


def red(mode: dict, **options: object) -> NewJob:
    return job(deduplicate=Deduplicate("red", **mode), **options)


@each_mode
@pytest.mark.parametrize("holder", [PLAIN, DELAYED, PRIORITIZED, CUSTOM], ids=str)
@pytest.mark.parametrize("later", [PLAIN, {"delay": 9.0}, {"job_id": "other", "priority": 3}], ids=str)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_a_duplicate_meets_a_job_that_waits(
    pair: Pair, mode: dict, holder: dict, later: dict, together: bool
) -> None:
    jobs = [
        job(delay=5.0),
        red(mode, **holder),
        job(),
        red(mode, **later),
        red(mode, **DELAYED),
        job(delay=5.0),
    ]
    for batch in [jobs] if together else [[each] for each in jobs]:
        pair.step("add", batch)
        pair.check()
    pair.clock.advance(1)
    pair.step("add", [red(mode, **later), red(mode, delay=2.5)])
    pair.check()
    pair.clock.advance(20)
    pair.take(9)
    pair.check()


@each_mode
@pytest.mark.parametrize("later", [PLAIN, DELAYED, PRIORITIZED, {"job_id": "other"}], ids=str)
def test_a_duplicate_meets_a_job_that_runs(pair: Pair, mode: dict, later: dict) -> None:
    pair.step("add", [red(mode)])
    pair.take()
    pair.step("add", [red(mode, **later), red(mode, data=b'{"n":2}', **later)])
    pair.check()
    pair.settle(completed("1"), capacity=1)
    pair.check()
    pair.step("add", [red(mode, data=b'{"n":3}')])
    pair.clock.advance(20)
    pair.take(3)
    pair.check()


@each_mode
@pytest.mark.parametrize("ending", [completed, failed], ids=lambda ending: ending.__name__)
@pytest.mark.parametrize("keep", [None, Keep(0)], ids=["kept", "removed"])
def test_a_duplicate_meets_a_job_that_has_ended(
    pair: Pair, mode: dict, ending: object, keep: Keep | None
) -> None:
    pair.step("add", [red(mode)])
    pair.take()
    pair.settle(ending("1", keep=keep))
    pair.step("add", [red(mode), red(mode, **DELAYED)])
    pair.check()


@each_mode
@each_holder
def test_a_key_whose_time_is_over_is_free(pair: Pair, mode: dict, holder: dict) -> None:
    pair.step("add", [red(mode, **holder)])
    pair.step("forget", "de:red")
    pair.step("add", [red(mode, **DELAYED), red(mode)])
    pair.check()


@each_mode
@each_holder
@pytest.mark.parametrize("expires", [True, False], ids=["expires", "stays"])
def test_a_key_whose_job_is_gone_is_free_unless_it_expires(
    pair: Pair, mode: dict, holder: dict, expires: bool
) -> None:
    pair.step("plant", "SET", "de:red", "gone", *(("PX", 60_000) if expires else ()))
    pair.step("plant", "HSET", "dn:red", "name", "old", "data", "{}", "opts", "{}", "jid", "old")
    pair.step("add", [red(mode, **holder), red(mode)])
    pair.compare()


@pytest.mark.parametrize("first", MODES.values(), ids=MODES)
@each_mode
def test_each_job_decides_by_its_own_mode(pair: Pair, first: dict, mode: dict) -> None:
    pair.step("add", [red(first, **DELAYED), red(mode, **DELAYED)])
    pair.check()
    pair.clock.advance(9)
    taken = pair.take()
    pair.step("add", [red(mode), red(first, **DELAYED), red(mode, delay=1.0)])
    pair.check()
    pair.settle(*[completed(job_id) for job_id in taken], capacity=3)
    pair.check()


def test_what_was_kept_for_the_end_of_a_job_goes_with_it_if_it_is_replaced(pair: Pair) -> None:
    pair.step("add", [red(MODES["keep last"])])
    pair.take()
    pair.step("add", [red(MODES["keep last"], data=b'{"n":2}')])
    pair.settle(postponed("1"))
    pair.step("add", [red(MODES["keep last, replace"], data=b'{"n":3}', **DELAYED)])
    pair.check()


def test_of_what_was_kept_before_nothing_is_left_in_the_next(pair: Pair) -> None:
    pair.step("add", [red(MODES["keep last"])])
    pair.take()
    pair.step("plant", "HSET", "dn:red", "name", "old", "rjk", "daily")
    pair.step("add", [red(MODES["keep last"])])
    pair.check()


@each_older_mode
@each_holder
def test_a_paused_queue_wakes_nobody_for_a_duplicate(pair: Pair, mode: dict, holder: dict) -> None:
    pair.step("pause")
    pair.step("add", [red(mode, **holder), red(mode, **holder), red(mode)])
    pair.check()
    pair.step("resume")
    pair.check()


@each_older_mode
def test_a_custom_id_that_exists_comes_before_the_key(pair: Pair, mode: dict) -> None:
    pair.step("add", [job(job_id="taken"), red(mode, **DELAYED)])
    assert pair.step("add", [red(mode, job_id="taken"), red(mode, job_id="new")])[0] == "taken"
    pair.check()
    pair.step("add", [red(mode, job_id="new"), red(mode, job_id="new", delay=1.0)])
    pair.check()


@each_mode
def test_a_millisecond_is_shared_by_jobs_that_replace_each_other(pair: Pair, mode: dict) -> None:
    pair.step("add", [job(delay=5.0), red(mode, **DELAYED), job(delay=5.0)])
    pair.step("add", [job(delay=5.0)] + [red(mode, **DELAYED), job(delay=5.0)] * 3)
    pair.check()


@each_older_mode
def test_a_duplicate_may_say_itself_when_it_was_added(pair: Pair, mode: dict) -> None:
    then = pair.clock.now - 3.0
    pair.step("add", [red(mode, enqueued_at=then, delay=60.0), red(mode, enqueued_at=then, delay=60.0)])
    pair.check()


@pytest.mark.node
def test_a_job_is_rescheduled_from_when_its_duplicate_was_added(pair: Pair) -> None:
    pair.step(
        "add", [red(RESCHEDULE, **DELAYED), red(RESCHEDULE, enqueued_at=pair.clock.now - 3.0, delay=60.0)]
    )
    pair.check()


def test_keys_are_as_people_write_them(pair: Pair) -> None:
    for key in ("ünï \U0001f600", "a:b", '"quoted"', "x" * 500):
        pair.step("add", [job(deduplicate=Deduplicate(key))] * 2)
    pair.check()


def test_a_full_batch_of_duplicates_leaves_one_job(pair: Pair) -> None:
    pair.step("add", [red(MODES["debounce"], **DELAYED)] * 250)
    pair.check()


def test_what_was_kept_does_not_write_over_a_job_that_took_its_id(pair: Pair) -> None:
    """BullMQ does: it has the job twice in line then, with the data of the duplicate."""
    pair.step("add", [red(MODES["keep last"])])
    pair.take()
    pair.step("add", [red(MODES["keep last"], job_id="next"), job(job_id="next", data=b'{"n":2}')])
    pair.settle(completed("1"))
    ours = pair.found
    assert ours.client.lrange(ours.keys.wait, 0, -1) == [b"next"]
    assert ours.client.hget(ours.keys.job("next"), "data") == b'{"n":2}'
    assert not ours.client.exists(ours.keys.base + "de:red", ours.keys.base + "dn:red")
    assert pair.expected.client.lrange(pair.expected.keys.wait, 0, -1) == [b"next", b"next"]


def test_a_child_that_is_replaced_is_waited_for_no_longer(pair: Pair) -> None:
    """BullMQ forgets its parent, which then waits for ever: ours runs."""
    pair.step("add_one", "frame", {}, job_id="parent", waits_for_children=True)
    pair.step("add", [red(MODES["replace"], job_id="child", **DELAYED)])
    pair.step("add_one", "mix", {}, job_id="child", parent=Parent("parent"))
    pair.step("add", [red(MODES["replace"], **DELAYED)])
    assert pair.expected.client.zcard(pair.expected.keys.base + "waiting-children") == 1
    assert pair.found.client.zcard(pair.found.keys.base + "waiting-children") == 0
    assert pair.found.client.lrange(pair.found.keys.wait, 0, -1) == [b"parent"]
