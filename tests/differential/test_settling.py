"""Settling: each outcome, each refusal, and both in one batch."""

from collections.abc import Callable

import pytest
from differential.jobs import completed, failed, job, postponed, released, retried
from differential.pair import TOKEN, Pair

from toril.bull.outcomes import Completed, Failed, Postponed, Retried
from toril.types import Keep

OTHER = "other:2"

Ending = Callable[..., object]
ENDINGS: list[Ending] = [completed, failed, retried, postponed, released]
each_ending = pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
each_capacity = pytest.mark.parametrize("capacity", [0, 1, 3])


@each_ending
@each_capacity
def test_one_job_is_settled(pair: Pair, ending: Ending, capacity: int) -> None:
    pair.step("add", [job(attempts=2)])
    pair.take()
    pair.settle(ending("1"), capacity=capacity)
    pair.check()


@each_ending
@each_capacity
@pytest.mark.parametrize("left", [[job()], [job(priority=1)], [job(delay=1.0)], [job(delay=60.0)]])
def test_one_job_is_settled_where_others_are_left(
    pair: Pair, ending: Ending, capacity: int, left: list
) -> None:
    pair.step("add", [job(), *left])
    pair.take()
    pair.clock.advance(2)
    pair.settle(ending("1"), capacity=capacity)
    pair.check()


@each_ending
@each_capacity
def test_a_prioritized_job_is_settled(pair: Pair, ending: Ending, capacity: int) -> None:
    pair.step("add", [job(priority=3), job(priority=3)])
    pair.take()
    pair.settle(ending("1"), capacity=capacity)
    pair.check()


@each_ending
@each_capacity
@pytest.mark.parametrize("steering", ["paused", "maxed", "limited"])
def test_a_job_is_settled_while_no_other_may_start(
    pair: Pair, ending: Ending, capacity: int, steering: str
) -> None:
    pair.step("add", [job(), job(), job(delay=1.0)])
    pair.take(2)
    match steering:
        case "paused":
            pair.step("pause")
        case "maxed":
            pair.step("set_concurrency", 1)
        case _:
            pair.step("set_rate_limit", 1, 60.0)
            pair.step("plant", "SET", "limiter", 1, "PX", 60_000)
    pair.clock.advance(1)
    pair.settle(ending("1"), capacity=capacity)
    pair.check()
    pair.settle(ending("2"), capacity=capacity)
    pair.check()


@each_ending
@pytest.mark.parametrize("capacity", [0, 2])
@pytest.mark.parametrize("beside", [None, *ENDINGS], ids=lambda ending: ending and ending.__name__)
@pytest.mark.parametrize("first", [True, False], ids=["refused first", "refused last"])
@pytest.mark.parametrize("refusal", ["-1", "-2", "-3", "-6"])
def test_a_refused_outcome_does_not_touch_the_one_beside_it(
    pair: Pair, ending: Ending, beside: Ending | None, refusal: str, first: bool, capacity: int
) -> None:
    pair.step("add", [job(), job(), job(delay=1.0)])
    pair.take(2)
    match refusal:
        case "-1":
            pair.step("forget", "1", "1:lock")
            pair.step("plant", "LREM", "active", 0, "1")
        case "-2":
            pair.step("forget", "1:lock")
        case "-3":
            pair.step("plant", "LREM", "active", 0, "1")
        case _:
            pair.step("plant", "SET", "1:lock", "another", "PX", 60_000)
    pair.clock.advance(1)
    refused = ending("1")
    outcomes = [refused] if beside is None else [refused, beside("2")] if first else [beside("2"), refused]
    reply = pair.settle(*outcomes, capacity=capacity)
    # Releasing a job that is not active any more is no error to BullMQ.
    assert reply.refused == ([] if refusal == "-3" and ending is released else [("1", int(refusal))])
    if refusal in ("-1", "-3"):
        pair.compare()
    else:
        pair.check()


@each_ending
@pytest.mark.parametrize("again", ENDINGS, ids=lambda ending: ending.__name__)
@each_capacity
def test_the_same_job_twice_in_one_batch_is_refused_the_second_time(
    pair: Pair, ending: Ending, again: Ending, capacity: int
) -> None:
    pair.step("add", [job(), job()])
    pair.take(2)
    pair.settle(ending("1"), again("1"), capacity=capacity)
    pair.check()


@pytest.mark.parametrize("again", ENDINGS, ids=lambda ending: ending.__name__)
def test_a_job_that_was_removed_is_gone_for_the_rest_of_the_batch(pair: Pair, again: Ending) -> None:
    pair.step("add", [job(), job()])
    pair.take(2)
    assert pair.settle(completed("1", keep=Keep(0)), again("1"), capacity=1).refused == [("1", -1)]
    pair.check()


@each_capacity
@pytest.mark.parametrize("waiting", [0, 2])
def test_a_batch_of_every_kind(pair: Pair, waiting: int, capacity: int) -> None:
    pair.step("add", [job(attempts=3)] * 7 + [job(priority=5)] * 3)
    pair.take(10)
    if waiting:
        pair.step("add", [job()] * waiting)
    pair.settle(
        completed("1", result=b"null"),
        retried("2"),
        failed("3", attempts=3),
        postponed("4"),
        released("5"),
        postponed("6", reason=None, burns=False),
        released("9"),
        retried("8"),
        failed("10"),
        postponed("7", delay=0.0),
        capacity=capacity,
    )
    pair.check()


@each_capacity
def test_released_jobs_are_next_in_line_in_reverse(pair: Pair, capacity: int) -> None:
    pair.step("add", [job()] * 4 + [job(priority=1)] * 2)
    pair.take(6)
    pair.settle(*[released(str(number)) for number in (3, 2, 1, 6, 5)], capacity=capacity)
    pair.check()


def test_attempts_are_counted_and_the_last_one_is_told(pair: Pair) -> None:
    pair.step("add", [job(attempts=3)])
    for outcome in (retried("1"), postponed("1", delay=1.0), failed("1", attempts=3)):
        pair.clock.advance(1)
        pair.take()
        pair.settle(outcome)
    pair.check()


@pytest.mark.parametrize("attempts", [1, 2, 3])
def test_exhausted_retries_are_told_only_after_the_last_attempt(pair: Pair, attempts: int) -> None:
    pair.step("add", [job(attempts=attempts)])
    pair.take()
    pair.settle(retried("1"), capacity=1)
    pair.settle(failed("1", attempts=attempts))
    pair.check()


def test_postponed_jobs_of_one_millisecond_keep_their_order(pair: Pair) -> None:
    pair.step("add", [job(delay=5.0)] * 3 + [job()] * 4)
    pair.take(4)
    pair.settle(*[postponed(str(number), delay=5.0) for number in (6, 4, 7, 5)])
    pair.clock.advance(5)
    pair.take(9)
    pair.check()


def test_a_deferred_failure_is_forgotten_when_the_job_has_failed(pair: Pair) -> None:
    pair.step("add", [job()])
    pair.step("plant", "HSET", "1", "defa", "child failed")
    pair.take()
    pair.settle(failed("1", reason="child failed"))
    pair.check()


def test_jobs_without_locks_are_settled_with_token_zero(pair: Pair) -> None:
    pair.step("add", [job()] * 5)
    pair.settle_and_take([], 5, "0")
    pair.settle_and_take(
        [end(str(at), token="0") for at, end in enumerate(ENDINGS, start=1)],  # noqa: S106
        0,
        "0",
    )
    pair.check()


@pytest.mark.parametrize("ending", [failed, retried], ids=lambda ending: ending.__name__)
def test_a_token_zero_finishes_what_is_locked_too(pair: Pair, ending: Ending) -> None:
    pair.step("add", [job()] * 2)
    pair.take(2)
    pair.settle(ending("1", token="0"))  # noqa: S106
    pair.compare()


@pytest.mark.parametrize(
    "reason",
    ["", "two\nlines", 'quotes " and \\ and \t', "ñ 😀 \x00 \x7f", "a" * 100_000, "\ud800 alone", "[1,2]"],
    ids=["empty", "lines", "quotes", "unicode", "long", "lone surrogate", "json"],
)
@pytest.mark.parametrize("kind", ["failed", "retried", "postponed"])
def test_a_reason_is_stored_as_it_is(pair: Pair, reason: str, kind: str) -> None:
    """But for halves of characters, which no UTF-8 can carry."""
    stored = reason.encode("utf-8", "replace").decode()
    endings = {
        "failed": lambda text: Failed("1", TOKEN, text, (text, "trace"), 1),
        "retried": lambda text: Retried("1", TOKEN, text, (text, "trace")),
        "postponed": lambda text: Postponed("1", TOKEN, 1.0, text, (text, "trace")),
    }
    for side, text in ((pair.expected, stored), (pair.found, reason)):
        side.add([job()])
        side.settle_and_take([], 1, TOKEN)
        assert side.settle_and_take([endings[kind](text)], 0, TOKEN).refused == []
    pair.check()


@pytest.mark.parametrize(
    "result", [b"null", b'""', b"{}", b"12345678901234567890", '"ñ😀"'.encode(), b"1.50"]
)
def test_a_result_is_stored_as_it_is(pair: Pair, result: bytes) -> None:
    pair.step("add", [job()])
    pair.take()
    pair.settle(completed("1", result=result))
    pair.check()


@each_capacity
@pytest.mark.parametrize("last", ENDINGS, ids=lambda ending: ending.__name__)
@pytest.mark.parametrize("delayed", [None, 1.0, 60.0])
def test_a_queue_is_told_drained_exactly_when_it_is(
    pair: Pair, capacity: int, last: Ending, delayed: float | None
) -> None:
    pair.step("add", [job()] * 2)
    pair.take(2)
    if delayed:
        pair.step("add", [job(delay=delayed)])
    pair.clock.advance(2)
    pair.settle(completed("1"), last("2"), capacity=capacity)
    pair.check()
    pair.settle(capacity=capacity)
    pair.check()


@each_capacity
@pytest.mark.parametrize("last", ENDINGS, ids=lambda ending: ending.__name__)
@pytest.mark.parametrize("delayed", [1.0, 60.0])
def test_a_refused_outcome_after_the_last_job_does_not_hide_that_the_queue_is_drained(
    pair: Pair, capacity: int, last: Ending, delayed: float
) -> None:
    pair.step("add", [job(), job(delay=delayed)])
    pair.take()
    pair.clock.advance(2)
    pair.settle(completed("1"), last("2"), capacity=capacity)
    pair.check()


def test_a_large_batch_is_settled_and_as_many_are_taken(pair: Pair) -> None:
    pair.step("add", [job(attempts=2)] * 500)
    taken = pair.take(250)
    taken = [each.id for each in pair.settle(*[completed(job_id) for job_id in taken], capacity=250).jobs]
    pair.settle(*[ENDINGS[at % 5](job_id) for at, job_id in enumerate(taken)], capacity=100)
    pair.check()


@pytest.mark.parametrize("order", ["12345", "54321", "24135", "678", "1267", "1623", "11122"])
@pytest.mark.parametrize("amid", [None, *ENDINGS], ids=lambda ending: ending and ending.__name__)
def test_jobs_of_one_batch_end_in_any_order(pair: Pair, order: str, amid: Ending | None) -> None:
    pair.step("add", [job(attempts=2) for _ in range(9)])
    pair.take(9)
    outcomes = [completed(job_id) for job_id in order]
    if amid is not None:
        outcomes.insert(2, amid("9"))
    pair.settle(*outcomes, capacity=2)
    pair.check()


def test_results_of_several_takings_and_retentions_are_settled_together(pair: Pair) -> None:
    pair.step("add", [job() for _ in range(8)])
    pair.take(4)
    pair.take(4, OTHER)
    pair.settle(
        completed("1"),
        Completed("5", OTHER, b'"done"'),
        Completed("6", OTHER, b'"done"', Keep(count=0)),
        completed("2", keep=Keep(count=2)),
        Completed("3", OTHER, b'"done"'),
        completed("4"),
        completed("7"),
    )
    pair.check()
