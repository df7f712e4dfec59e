"""What a worker counts, batch by batch."""

from toril.bull.codec import UnknownSince
from toril.bull.outcomes import (
    Completed,
    Failed,
    Limited,
    Outcome,
    Parked,
    Postponed,
    Refusal,
    Refused,
    Released,
    Retried,
)
from toril.types import CANCELLED, EXPIRED
from toril.worker.monitoring.exposition import expose, merge
from toril.worker.monitoring.histogram import Histogram
from toril.worker.monitoring.tally import Ending, Tally

OUTCOMES: dict[Ending, Outcome] = {
    Ending.COMPLETED: Completed("1", "t", b"{}"),
    Ending.FAILED: Failed("2", "t", "ValueError", None, 1),
    Ending.CANCELLED: Failed("3", "t", CANCELLED, None, 1),
    Ending.EXPIRED: Failed("4", "t", EXPIRED, None, 1),
    Ending.RETRIED: Postponed("5", "t", 1.0, "ValueError"),
    Ending.DELAYED: Postponed("6", "t", 1.0, burns_attempt=False),
    Ending.UNKNOWN: Postponed("7", "t", 1.0, burns_attempt=False, unknown=UnknownSince(0.0, 0)),
    Ending.RELEASED: Released("8", "t"),
    Ending.RATE_LIMITED: Limited("9", "t", 1.0),
    Ending.WAITING_CHILDREN: Parked("10", "t"),
}


def test_each_kind_of_outcome_is_counted_as_what_it_is() -> None:
    tally = Tally()
    tally.exchanged([*OUTCOMES.values(), Retried("11", "t", "ValueError", ())], [], [])
    assert tally.endings == dict.fromkeys(OUTCOMES, 1) | {Ending.RETRIED: 2}
    assert tally.batch_size.cumulated()[-1] == 1


def test_what_was_refused_is_counted_as_refused_alone() -> None:
    tally = Tally()
    done = OUTCOMES[Ending.COMPLETED]
    tally.exchanged([done, OUTCOMES[Ending.FAILED]], [Refused(done, Refusal.LOCK_LOST)], [])
    assert +tally.endings == {Ending.FAILED: 1, Ending.REFUSED: 1}


def test_a_round_trip_that_brought_nothing_is_no_batch() -> None:
    tally = Tally()
    tally.exchanged([], [], [])
    assert tally.batch_size.cumulated()[-1] == 0


def test_a_histogram_counts_a_bound_itself_as_not_exceeded() -> None:
    histogram = Histogram((1, 2))
    histogram.add(1)
    histogram.add_all([2, 2.5, 0])
    assert histogram.cumulated() == [2, 3, 4]
    assert histogram.sum == 5.5


def test_the_metrics_of_several_processes_are_told_apart_and_a_silent_one_is_down() -> None:
    alone = expose([]).decode()
    assert 'process="1"' not in alone
    merged = merge(
        {"1": '# TYPE toril_consuming gauge\ntoril_consuming{queue="a"} 1.0\n', "2": None}
    ).decode()
    assert 'toril_consuming{process="1",queue="a"} 1.0' in merged
    assert 'toril_up{process="1"} 1.0' in merged
    assert 'toril_up{process="2"} 0.0' in merged
