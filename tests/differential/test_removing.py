"""Removing one job, with or without its children; letting children go."""

from collections.abc import Callable
from typing import Any

import pytest
from differential.adding import Parent
from differential.jobs import completed, failed, job
from differential.official import Official
from differential.pair import Pair

from toril.bull.admin import jobs as admin_jobs
from toril.bull.scripts import load

PairMaker = Callable[..., Pair]
each_flag = pytest.mark.parametrize("flag", [None, "fpof", "cpof", "idof", "rdof"])
each_place = pytest.mark.parametrize("elsewhere", [False, True], ids=["same queue", "another queue"])
with_children = pytest.mark.parametrize("with_children", [True, False])


def check_in_any_order(pair: Pair) -> None:
    """Compares all but the order of events: Redis keeps children in none that could be relied on."""
    streams: list[list[Any]] = []
    for side in (pair.expected, pair.found):
        found: list[Any] = []
        for name in side.client.keys(f"{side.keys.prefix}:*:events"):
            entries = [sorted(entry.items()) for _, entry in side.client.xrange(name)]
            found.append((name.removeprefix(side.keys.prefix.encode()), sorted(entries)))
            side.client.delete(name)
        streams.append(sorted(found))
    assert streams[0] == streams[1]
    pair.compare()


def add_parent(pair: Pair, job_id: str, parent: str | None = None, **options: Any) -> None:
    above = None if parent is None else Parent(parent, "paint")
    pair.step("add_one", "frame", options, job_id=job_id, parent=above, waits_for_children=True)


def add_child(pair: Pair, job_id: str, parent: str, flag: str | None = None, **options: Any) -> None:
    pair.step("add_one", "canvas", options, job_id=job_id, parent=Parent(parent, "paint", flag))


def add_tree(pair: Pair, children: Pair, flag: str | None = None) -> None:
    """A root over a branch of three leaves and two leaves of its own."""
    add_parent(pair, "root")
    add_parent(pair, "branch", "root")
    for leaf in "abc":
        add_child(children, leaf, "branch", flag)
    for leaf in "de":
        add_child(children, leaf, "root", flag)


@with_children
@pytest.mark.parametrize("steering", ["free", "pause", "put_aside"])
def test_a_job_is_removed_from_every_state(pair: Pair, with_children: bool, steering: str) -> None:
    pair.step("add", [job(), job(), job(), job(delay=5.0), job(priority=2), job()])
    pair.step("add_log", "1", "a line")
    pair.take(2)
    pair.settle(completed("1"), failed("2"))
    if steering != "free":
        pair.step(steering)
    for job_id in "123456":
        assert pair.step("remove", job_id, with_children) == "removed"
        pair.check()
        assert pair.step("remove", job_id, with_children) is None


@with_children
def test_a_job_that_a_worker_holds_is_not_removed(pair: Pair, with_children: bool) -> None:
    pair.step("add", [job()])
    pair.take()
    assert pair.step("remove", "1", with_children) == "locked"
    pair.check()
    pair.step("forget", "1:lock")
    assert pair.step("remove", "1", with_children) == "removed"
    pair.check()


def test_the_next_run_of_a_schedule_is_not_removed(pair: Pair) -> None:
    job_id = "repeat:nightly:1700000005000"
    pair.step("plant", "HSET", "repeat:nightly", "name", "clean")
    pair.step("plant", "ZADD", "repeat", 1_700_000_005_000, "nightly")
    pair.step("add_one", "clean", {"delay": 5000}, job_id=job_id)
    pair.step("plant", "HSET", job_id, "rjk", "nightly")
    assert pair.step("remove", job_id) == "scheduled"
    pair.check()
    pair.step("plant", "ZADD", "repeat", 1_700_000_009_000, "nightly")
    assert pair.step("remove", job_id) == "removed"
    pair.compare()


@with_children
@pytest.mark.parametrize("mode", [{}, {"ttl": 60_000}, {"keepLastIfActive": True}], ids=str)
def test_a_removed_job_gives_its_deduplication_key_back(pair: Pair, with_children: bool, mode: dict) -> None:
    pair.step("add_one", "mix", {"de": {"id": "colour", **mode}})
    pair.step("plant", "HSET", "dn:colour", "name", "mix")
    pair.step("remove", "1", with_children)
    pair.check()


@each_flag
@each_place
@with_children
@pytest.mark.parametrize("options", [{}, {"priority": 3}, {"delay": 5000}], ids=str)
def test_a_removed_child_is_waited_for_no_longer(
    pair: Pair, make_pair: PairMaker, flag: str | None, elsewhere: bool, with_children: bool, options: dict
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    add_parent(pair, "parent", **options)
    for child in "ab":
        add_child(children, child, "parent", flag)
    for child in "ab":
        children.step("remove", child, with_children)
        pair.check()


@each_flag
@each_place
@pytest.mark.parametrize("root", ["root", "branch"])
@pytest.mark.parametrize("settles", [False, True])
def test_a_tree_goes_as_a_whole(
    pair: Pair, make_pair: PairMaker, flag: str | None, elsewhere: bool, root: str, settles: bool
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    add_tree(pair, children, flag)
    if settles:
        children.take(4)
        children.settle(completed("a"), failed("b"), completed("d"), failed("c"))
    assert pair.step("remove", root) == "removed"
    check_in_any_order(pair)


def test_a_parent_alone_leaves_its_children(pair: Pair) -> None:
    add_tree(pair, pair)
    assert pair.step("remove", "branch", False) == "removed"
    assert pair.step("remove", "root", False) == "removed"
    pair.check()
    pair.take(5)
    pair.settle(*map(completed, "abc"), failed("d"))
    pair.check()


def test_nothing_goes_if_a_worker_holds_one_of_them(pair: Pair) -> None:
    add_tree(pair, pair)
    assert pair.take() == ["a"]
    assert pair.step("remove", "root") == "locked"
    pair.check()
    assert pair.step("remove", "branch") == "locked"
    pair.check()
    assert pair.step("remove", "d") == "removed"
    pair.check()


@pytest.mark.parametrize("width", [0, 1, 3, 6, 7, 8, 30])
@pytest.mark.parametrize("depth", [1, 2, 3, 9])
@pytest.mark.parametrize("settles", [0, 4])
def test_a_tree_too_large_for_one_call_goes_in_parts(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, width: int, depth: int, settles: int
) -> None:
    monkeypatch.setattr(admin_jobs, "MOST_JOBS_A_FLOW", 7)
    add_parent(pair, "above")
    add_child(pair, "beside", "above")
    grow(pair, "root", "above", width, depth)
    taken = pair.take(settles)
    pair.settle(*[(completed, failed)[at % 2](job_id) for at, job_id in enumerate(taken)])
    for side in (pair.expected, pair.found):
        side.remove("root")
        side.client.delete(side.keys.events, side.keys.marker)
    pair.compare()


def grow(pair: Pair, job_id: str, parent: str, width: int, depth: int, flag: str | None = None) -> None:
    """A chain of `depth` jobs, each over `width` leaves."""
    add_parent(pair, job_id, parent)
    for number in range(width):
        add_child(pair, f"{job_id}-{number}", job_id, flag)
    if depth > 1:
        grow(pair, f"{job_id}x", job_id, width, depth - 1, flag)
    elif not width:
        add_child(pair, f"{job_id}-only", job_id)


@pytest.mark.parametrize("width", [6, 7, 8, 9, 20])
@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("flag", [None, "fpof", "cpof"])
@pytest.mark.parametrize("settles", [0, 18])
def test_a_part_of_a_large_tree_does_not_run_before_its_turn_to_go(
    pair: Pair, removing: Callable[[str, int], str], width: int, depth: int, flag: str | None, settles: int
) -> None:
    side, most = pair.found, 7
    add_parent(pair, "above")
    grow(pair, "root", "above", width, depth, flag)
    taken = pair.take(settles)
    pair.settle(*[(completed, failed)[at % 2](job_id) for at, job_id in enumerate(taken)])
    left, answer = jobs_of(side), "more"
    released = set(waiting(side))
    while answer == "more":
        answer = removing("root", most)
        gone, left = left - jobs_of(side), jobs_of(side)
        assert 0 < len(gone) <= most
        assert set(waiting(side)) - {"above"} <= released
    assert answer == "removed"
    assert left == {"above"}


@pytest.mark.parametrize(
    ("ending", "flag"), [(completed, None), (failed, "fpof"), (failed, "idof")], ids=["done", "fpof", "idof"]
)
def test_children_that_have_ended_go_in_parts_too(
    pair: Pair, removing: Callable[[str, int], str], ending: Callable[..., Any], flag: str | None
) -> None:
    add_parent(pair, "root")
    for number in range(45):
        add_child(pair, f"root-{number}", "root", flag)
    pair.settle(*map(ending, pair.take(40)))
    calls = 0
    while jobs_of(pair.found):
        removing("root", 7)
        calls += 1
    assert calls == 7


@pytest.fixture
def removing(pair: Pair) -> Callable[[str, int], str]:
    """One call of the script that removes a tree, or as much of it as a call may; its answer."""
    script = pair.found.client.register_script(load("steering/remove_job").text)

    def remove(job_id: str, most: int) -> str:
        outcome, *_ = script(keys=[pair.found.keys.meta], args=[job_id, "1", most])
        return outcome.decode()

    return remove


def jobs_of(side: Official) -> set[str]:
    base = side.keys.base.encode()
    names = [name.removeprefix(base).decode() for name in side.client.keys(f"{side.keys.base}*")]
    return {name for name in names if name.startswith(("root", "above")) and ":" not in name}


def waiting(side: Official) -> list[str]:
    return [job_id.decode() for job_id in side.client.lrange(side.keys.wait, 0, -1)]


def test_a_worker_in_the_middle_of_a_large_tree_stops_its_removal(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin_jobs, "MOST_JOBS_A_FLOW", 7)
    add_parent(pair, "above")
    grow(pair, "root", "above", 20, 1)
    side = pair.found
    pair.step("plant", "LREM", "wait", 1, "root-3")
    pair.step("plant", "LPUSH", "active", "root-3")
    pair.step("plant", "SET", "root-3:lock", "token")
    for _ in range(5):
        assert side.remove("root") == "locked"
    assert side.client.exists(side.keys.job("root-3"), side.keys.job("root"), side.keys.job("above")) == 3
    assert side.client.zscore(side.keys.base + "waiting-children", "root")
    side.forget("root-3:lock")
    assert side.remove("root") == "removed"
    assert side.client.keys(side.keys.job("root*")) == []


@each_flag
@each_place
@pytest.mark.parametrize("root", ["root", "branch"])
def test_children_that_have_not_run_are_removed(
    pair: Pair, make_pair: PairMaker, flag: str | None, elsewhere: bool, root: str
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    add_tree(pair, children, flag)
    for leaf in "fgh":
        add_child(children, leaf, "branch", flag)
    children.take(5)
    children.settle(completed("a"), failed("b"), completed("d"))
    pair.step("remove_unprocessed_children", root)
    check_in_any_order(pair)
    children.settle(completed("c"))
    pair.compare()


def test_a_job_without_children_loses_none(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.step("remove_unprocessed_children", "1")
    pair.check()


@pytest.mark.parametrize("width", [6, 7, 8, 30])
@pytest.mark.parametrize("depth", [1, 3])
def test_many_children_that_have_not_run_are_removed_in_parts(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, width: int, depth: int
) -> None:
    monkeypatch.setattr(admin_jobs, "MOST_JOBS_A_FLOW", 7)
    add_parent(pair, "above")
    grow(pair, "root", "above", width, depth)
    taken = pair.take(4)
    pair.settle(completed(taken[0]), failed(taken[1]))
    for side in (pair.expected, pair.found):
        side.remove_unprocessed_children("root")
        side.client.delete(side.keys.events)
    pair.compare()


@each_flag
@each_place
@pytest.mark.parametrize("options", [{}, {"priority": 3}], ids=str)
def test_a_detached_child_is_nobodys(
    pair: Pair, make_pair: PairMaker, flag: str | None, elsewhere: bool, options: dict
) -> None:
    children = make_pair("mix", beside=pair) if elsewhere else pair
    add_parent(pair, "parent", **options)
    for child in "ab":
        add_child(children, child, "parent", flag)
    children.take()
    for child in "ab":
        assert children.step("detach", child) is True
        pair.check()
        assert children.step("detach", child) is False
    children.settle(failed("a"))
    pair.check()


def test_there_is_nothing_to_detach_where_nobody_waits(pair: Pair) -> None:
    add_parent(pair, "parent")
    for child in "ab":
        add_child(pair, child, "parent")
    pair.take()
    pair.settle(completed("a"))
    assert pair.step("detach", "a") is False
    assert pair.step("detach", "9") is None
    pair.step("remove", "parent", False)
    assert pair.step("detach", "b") is None
    pair.compare()
