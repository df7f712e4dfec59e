"""The comparison itself: it stays silent where nothing differs, and speaks where something does."""

from collections.abc import Callable
from typing import Any

import pytest
from differential.any_program import programs
from differential.conftest import Studio
from differential.jobs import completed, failed, job, postponed, released, retried
from differential.pair import Differs, Pair
from differential.programs import Program, run
from hypothesis import given, settings

from support.invariants import check_invariants
from support.keyspace import Stored, differences, snapshot
from toril.types import Keep


def some_steps(pair: Pair) -> None:
    pair.step("add", [job(), job(priority=2), job(lifo=True), job(delay=5.0), job(job_id="a", attempts=2)])
    pair.take(3)
    pair.settle(completed("1"), failed("3"), released("a"), capacity=2)
    pair.settle(retried("a"), postponed("2"))
    pair.clock.advance(9)
    pair.settle(capacity=1)
    pair.step("recover_stalled")
    pair.check()


def test_the_official_scripts_do_not_differ_from_themselves(studio: Studio) -> None:
    some_steps(studio.official_pair())


@settings(settings.get_profile("differential"), max_examples=25)
@given(program=programs)
def test_the_official_scripts_do_not_differ_from_themselves_in_any_program(
    make_studio: Callable[[], Studio], program: Program
) -> None:
    with make_studio() as studio:
        run(program, studio.official_pair())


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("'RPUSH' or 'LPUSH'", "'LPUSH' or 'RPUSH'"),
        ('rcall("ZADD", markerKey, 0, "0")', 'rcall("EXISTS", markerKey)'),
        ('rcall("HINCRBY", jobKey, "ats", 1)', 'rcall("HINCRBY", jobKey, "ats", 2)'),
        ("prioCounter % 0x100000000", "0"),
        ("return currentMaxScore + 1", "return currentMaxScore + 2"),
        ('"event", "active", "jobId", jobId, "prev", "waiting"', '"event", "active", "jobId", jobId'),
        ('"retries-exhausted"', '"retries exhausted"'),
        ('rcall("DEL", lockKey)', 'rcall("EXISTS", lockKey)'),
        ("opts['lockDuration'])", "opts['lockDuration'] * 2)"),
        ('"finishedOn", timestamp)', '"finishedOn", timestamp + 1)'),
        ('rcall("DEL", priorityCounterKey)', 'rcall("GET", priorityCounterKey)'),
        ('rcall("HINCRBY", jobKey, "atm", 1)', 'rcall("HINCRBY", jobKey, "atm", 0)'),
        ("rcall('SADD', stalledKey", "rcall('SREM', stalledKey"),
    ],
)
def test_a_script_that_does_something_else_is_noticed(studio: Studio, right: str, wrong: str) -> None:
    broken = studio.official_pair(edit=lambda text: text.replace(right, wrong))
    with pytest.raises(Differs):
        more_steps(broken)


def more_steps(pair: Pair) -> None:
    pair.step("add", [job(priority=1), job(priority=1), job(delay=5.0), job(delay=5.0), job(delay=5.0)])
    pair.check()
    pair.take(3)
    pair.step("recover_stalled")
    pair.check()
    pair.settle(failed("1"), postponed("2"), capacity=1)
    pair.check()
    some_steps(pair)


@pytest.mark.parametrize("kind", ["string", "list", "set", "zset", "hash", "stream"])
def test_a_value_of_each_type_is_compared(kind: str) -> None:
    contents: dict[str, tuple[Any, Any]] = {
        "string": ("1", "2"),
        "list": (["1", "2"], ["2", "1"]),
        "set": (["1"], ["1", "2"]),
        "zset": ([("1", 2.0**52)], [("1", 2.0**52 + 1)]),
        "hash": ({"name": "a"}, {"name": "a", "data": "{}"}),
        "stream": ([["event", "drained"]], [["event", "paused"]]),
    }
    expected, found = ({"key": Stored(kind, content)} for content in contents[kind])
    assert differences(expected, expected) == []
    assert len(differences(expected, found)) == 1
    assert len(differences(expected, {})) == 1
    assert len(differences({}, found)) == 1


def test_options_are_compared_as_json_and_data_as_text(pair: Pair) -> None:
    for side, options, data in (
        (pair.expected, '{"a":1,"b":2.0}', "{}"),
        (pair.found, '{"b":2,"a":1}', "{ }"),
    ):
        side.plant("HSET", "1", "opts", options, "data", data)
    with pytest.raises(Differs, match=r"\.data: expected '{}', found '{ }'$"):
        pair.compare()


def test_a_time_to_live_is_compared_loosely() -> None:
    def lives(seconds: float | None) -> dict[str, Stored]:
        return {"lock": Stored("string", "token", seconds)}

    assert differences(lives(30.0), lives(29.9)) == []
    assert len(differences(lives(30.0), lives(None))) == 1
    assert len(differences(lives(30.0), lives(15.0))) == 1


def test_the_message_has_the_steps_that_led_there(studio: Studio) -> None:
    pair = studio.official_pair()
    pair.step("add", [job("a")])
    pair.found.plant("DEL", "wait")
    with pytest.raises(
        Differs, match=r"paint: add\(\[NewJob\(name='a'.*\n:paint:wait: missing; expected \['1'\]"
    ):
        pair.check()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("LPUSH", "active", "1"), "1 is in wait and active"),
        (("LPUSH", "wait", "1"), "1 is in wait and wait"),
        (("LPUSH", "wait", "9"), "9 is in wait, but has no hash"),
        (("HSET", "ghost", "ats", 1), "ghost has a hash, but is nowhere"),
        (("SET", "1:logs", "a line"), "1:logs is a string"),
        (("RPUSH", "9:logs", "a line"), "9 has logs, but no hash"),
        (("SET", "1:lock", "token", "PX", 60_000), "1 is locked, but not active"),
        (("SADD", "stalled", "1"), "1 may have stalled, but is not active"),
        (("SADD", "1:dependencies", ":paint:9"), "1 waits for :paint:9, which is gone"),
        (("SET", "de:red", "9"), "the deduplication key red is held by 9, which is gone"),
        (("HSET", "dn:red", "name", "a"), "a duplicate is kept for the deduplication key red, which is free"),
        (("ZADD", "repeat", 1, "daily"), "the schedule daily has a next time, but no hash"),
        (("ZADD", "marker", 0, "x"), "marker holds ['x']"),
        (("ZADD", "marker", 1, "0"), "marker '0' has the score 1.0"),
        (("HSET", "meta", "paused", 1), "marker '0' calls workers to a paused queue"),
        (("SET", "id", 0), "1 is beyond the last id, 0"),
    ],
)
def test_a_broken_rule_is_named(pair: Pair, command: tuple, complaint: str) -> None:
    pair.found.add([job()])
    assert check_invariants(pair.found.client, pair.found.keys) == []
    pair.found.plant(*command)
    assert check_invariants(pair.found.client, pair.found.keys) == [complaint]


def test_bullmq_finds_an_orphan(pair: Pair) -> None:
    pair.step("add", [job(), job()])
    pair.step("plant", "LREM", "wait", 1, "2")
    assert pair.step("remove_orphans") == 1
    pair.check()


def test_a_snapshot_has_no_word_of_its_prefix(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.take()
    pair.settle(completed("1", keep=Keep(3)))
    taken = snapshot(pair.found.client, pair.found.keys.prefix)
    assert taken
    assert pair.found.keys.prefix not in repr(taken)
