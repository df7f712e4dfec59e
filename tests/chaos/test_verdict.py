"""The driver itself: what it must find."""

from pathlib import Path

import pytest

from chaos.broker import Outage, Sync
from chaos.fleet import Death
from chaos.keyspace import Leftovers
from chaos.ledger import Ledger
from chaos.verdict import Cause, Figures, Incidents, count

KILLED_AT = 10.0


class Stories:
    """Ledgers as processes would have left them: worker 1 is killed, worker 2 is asked to end, both at 10."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def figures(
        self, *lines: str, outages: tuple[Outage, ...] = (), left: Leftovers | None = None
    ) -> Figures:
        """Of lines such as `1 began 7 9.5`: the worker, what happened, the job, and when."""
        for line in lines:
            worker, _, rest = line.partition(" ")
            with (self._folder / f"{worker}-{worker}.log").open("a") as file:
                file.write(f"{rest}\n")
        deaths = [Death(1, KILLED_AT, True, -9), Death(2, KILLED_AT, False, 0)]
        incidents = Incidents(deaths=deaths, outages=list(outages), sync=Sync.EVERY_SECOND)
        return count(Ledger(self._folder).read_on(), incidents, left, took=30.0)


@pytest.fixture
def stories(tmp_path: Path) -> Stories:
    return Stories(tmp_path)


def test_a_job_that_was_acknowledged_and_never_ended_is_lost(stories: Stories) -> None:
    figures = stories.figures(
        "3 added 7 1.0", "3 added 8 1.0", "1 began 7 2.0", "3 began 8 2.0", "3 ended 8 3.0"
    )
    assert (figures.added, figures.done, figures.lost) == (2, 1, 1)


def test_a_run_that_was_cut_off_by_a_kill_explains_the_next_one(stories: Stories) -> None:
    figures = stories.figures("1 began 7 9.0", "3 began 7 21.0", "3 ended 7 22.0")
    assert figures.repeats == {Cause.CRASH: 1}
    assert figures.recovered == pytest.approx(21.0 - KILLED_AT)


def test_a_run_that_was_stopped_with_its_worker_was_handed_back(stories: Stories) -> None:
    figures = stories.figures("2 began 7 9.0", "2 stopped 7 11.0", "3 began 7 11.1", "3 ended 7 12.0")
    assert figures.repeats == {Cause.HANDED_BACK: 1}


def test_a_run_that_was_stopped_while_its_worker_lived_had_lost_its_lock(stories: Stories) -> None:
    figures = stories.figures("2 began 7 3.0", "2 stopped 7 5.0", "3 began 7 5.1", "3 ended 7 6.0")
    assert figures.repeats == {Cause.LOST_LOCK: 1}


def test_a_run_that_ended_long_before_the_kill_explains_nothing(stories: Stories) -> None:
    figures = stories.figures("1 began 7 3.0", "1 ended 7 4.0", "3 began 7 21.0", "3 ended 7 22.0")
    assert figures.repeats == {Cause.UNEXPLAINED: 1}


def test_two_runs_on_workers_that_live_are_not_explained(stories: Stories) -> None:
    figures = stories.figures("3 began 7 3.0", "4 began 7 3.5", "3 ended 7 4.0", "4 ended 7 4.0")
    assert figures.repeats == {Cause.UNEXPLAINED: 1}


def test_a_job_that_has_stalled_had_lost_its_lock(stories: Stories) -> None:
    left = Leftovers({"completed": 1}, set(), [], stalls={7: 1}, starts={7: 2}, broken=[])
    figures = stories.figures("3 began 7 3.0", "4 began 7 3.5", "4 ended 7 4.0", left=left)
    assert figures.repeats == {Cause.LOST_LOCK: 1}


def test_a_job_that_was_given_up_visibly_is_not_lost(stories: Stories) -> None:
    left = Leftovers({"failed": 1}, {7}, [], stalls={7: 2}, starts={7: 3}, broken=[])
    figures = stories.figures("3 added 7 1.0", "1 began 7 9.5", left=left)
    assert (figures.lost, figures.given_up) == (0, 1)


def test_a_write_before_the_broker_was_killed_may_be_lost_and_one_long_before_not(stories: Stories) -> None:
    runs = ("3 began 7 3.0", "3 ended 7 3.1", "3 began 8 6.0", "3 ended 8 6.1")
    again = ("4 began 7 9.0", "4 ended 7 9.1", "4 began 8 9.0", "4 ended 8 9.1")
    figures = stories.figures(*runs, *again, outages=(Outage(7.0, 8.0),))
    assert figures.repeats == {Cause.UNEXPLAINED: 1, Cause.LOST_WRITE: 1}


def test_the_worker_that_came_back_last_says_when_consumption_resumed(stories: Stories) -> None:
    runs = ("3 began 7 3.0", "4 began 8 3.0", "3 began 9 8.5", "4 began 10 9.5")
    assert stories.figures(*runs, outages=(Outage(5.0, 8.0),)).resumed == pytest.approx(1.5)


def test_a_worker_that_lives_and_never_begins_a_job_again_is_found(stories: Stories) -> None:
    runs = ("3 began 7 3.0", "4 began 8 3.0", "3 began 9 8.5")
    assert stories.figures(*runs, outages=(Outage(5.0, 8.0),)).resumed == float("inf")
