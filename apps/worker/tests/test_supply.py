"""How many jobs a worker asks for, and when."""

from toril.bull.intake import Taken, TakenJob
from toril.types.job_options import JobOptions
from toril.worker.supply import Supply


def taken(count: int, *, limited_for: float = 0.0, next_due: float | None = None) -> Taken:
    job = TakenJob("1", "fire", b"{}", "t", JobOptions(), 0, 1, 0, 0.0, None, None, None)
    return Taken([job] * count, [], limited_for, next_due, False)


def test_a_new_worker_looks_once() -> None:
    supply = Supply(concurrency=10, share=5)
    assert supply.is_worth_a_look
    places, _ = supply.reserve()
    assert places == 5
    assert not supply.is_worth_a_look


def test_plenty_is_worth_a_second_look_at_the_same_time() -> None:
    supply = Supply(concurrency=10, share=5)
    supply.note(taken(5), *supply.reserve())
    assert supply.is_worth_a_look


def test_no_more_is_asked_for_than_could_be_started() -> None:
    supply = Supply(concurrency=10, share=8)
    first = supply.reserve()
    assert first[0] == 8
    assert supply.reserve()[0] == 2
    assert supply.reserve()[0] == 0
    supply.started(8)
    supply.note(taken(8), *first)
    assert supply.free == 0
    assert supply.reserve()[0] == 0


def test_a_look_that_found_less_makes_the_worker_idle() -> None:
    supply = Supply(concurrency=10, share=5)
    supply.note(taken(0, next_due=7.0), *supply.reserve())
    assert supply.is_idle
    assert supply.next_due == 7.0
    assert not supply.is_worth_a_look
    supply.expect_more()
    assert supply.is_worth_a_look


def test_nothing_is_asked_for_while_the_rate_limit_holds() -> None:
    supply = Supply(concurrency=10, share=5)
    supply.note(taken(1, limited_for=20.0), *supply.reserve())
    supply.expect_more()
    assert supply.reserve()[0] == 0
    assert supply.limited_for > 10
    assert supply.is_idle


def test_a_long_rate_limit_is_looked_after_in_between() -> None:
    """Somebody may lift it, and delayed jobs become due while it holds."""
    supply = Supply(concurrency=10, share=5)
    supply.note(taken(0, limited_for=3600.0), *supply.reserve())
    assert 20 < supply.limited_for <= 30


def test_a_closed_worker_takes_nothing() -> None:
    supply = Supply(concurrency=10, share=5)
    supply.close()
    assert supply.reserve()[0] == 0
    assert not supply.is_worth_a_look
    assert not supply.is_idle
    supply.resume()
    assert supply.reserve()[0] == 0


def test_what_comes_while_a_look_is_under_way_is_worth_another_one() -> None:
    supply = Supply(concurrency=10, share=5)
    look = supply.reserve()
    supply.expect_more()
    supply.note(taken(0), *look)
    assert not supply.is_idle
    assert supply.is_worth_a_look
