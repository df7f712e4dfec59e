"""What became of the jobs, by the ledger and by what is left in the broker."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from chaos.broker import Outage, Sync
from chaos.fleet import Death
from chaos.keyspace import Leftovers
from chaos.ledger import Ledger, Run

# Seconds that a server which syncs every second may not have written: it puts a write off while it syncs.
UNWRITTEN = 2.0
UNSETTLED = 1.0  # a handler has returned, and its outcome is on its way


class Cause(StrEnum):
    """Why a job ran again."""

    CRASH = "its worker was killed"
    HANDED_BACK = "its worker was stopped, and handed it back"
    LOST_LOCK = "its lock ran out"
    LOST_WRITE = "an outage of the broker"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, kw_only=True)
class Incidents:
    """What was done to a run."""

    deaths: list[Death]
    outages: list[Outage]
    sync: Sync


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one run shows; seconds are None where nothing of that kind happened.

    Attributes:
        added: jobs that the broker acknowledged.
        done: those of which a run ended.
        given_up: those that failed, visibly, because they had lost their worker too often.
        lost: those that have neither ended nor are visibly given up.
        repeats: further runs of a job, by their cause.
        recovered: the longest time from a kill until a job of that worker ran again.
        resumed: the longest time from the end of an outage until a worker began a job again.
        took: the whole run.
    """

    added: int
    done: int
    given_up: int
    lost: int
    repeats: dict[Cause, int]
    recovered: float | None
    resumed: float | None
    took: float


def count(ledger: Ledger, incidents: Incidents, left: Leftovers | None, took: float) -> Figures:
    """The figures of a run that is over.

    Args:
        left: what is left in the broker, of a system whose keys we know.
    """
    given_up = left.given_up - ledger.ended if left else set[int]()
    return Figures(
        added=len(ledger.added),
        done=len(ledger.ended),
        given_up=len(given_up),
        lost=len(ledger.added.keys() - ledger.ended - given_up),
        repeats=_repeats(ledger, incidents, left),
        recovered=_recovered(ledger, incidents.deaths),
        resumed=_resumed(ledger, incidents),
        took=took,
    )


def _repeats(ledger: Ledger, incidents: Incidents, left: Leftovers | None) -> dict[Cause, int]:
    found: Counter[Cause] = Counter()
    for number, runs in ledger.runs_of_each().items():
        stalled = left is not None and left.stalls.get(number, 0) > 0
        found.update(_cause(before, incidents, stalled=stalled) for before in runs[:-1])
    return dict(found)


def _cause(before: Run, incidents: Incidents, *, stalled: bool) -> Cause:
    """Why a job ran again after this run."""
    death = next((death for death in incidents.deaths if death.worker == before.worker), None)
    if death and death.killed and (before.over is None or before.over > death.at - UNSETTLED):
        return Cause.CRASH
    if before.over is not None and not before.ended:
        return Cause.HANDED_BACK if death and before.over > death.at else Cause.LOST_LOCK
    if stalled:
        return Cause.LOST_LOCK
    if incidents.sync is Sync.EVERY_SECOND and any(_reaches(before, each) for each in incidents.outages):
        return Cause.LOST_WRITE
    return Cause.UNEXPLAINED


def _reaches(run: Run, outage: Outage) -> bool:
    """Whether what the broker was told of a run may have been lost with it."""
    return run.began < outage.over and (run.over is None or run.over > outage.began - UNWRITTEN)


def _recovered(ledger: Ledger, deaths: list[Death]) -> float | None:
    killed_at = {death.worker: death.at for death in deaths if death.killed}
    times = [
        after.began - killed_at[before.worker]
        for runs in ledger.runs_of_each().values()
        for before, after in pairwise(runs)
        if before.over is None and before.worker in killed_at
    ]
    return max(times, default=None)


def _resumed(ledger: Ledger, incidents: Incidents) -> float | None:
    """The longest that a worker needed which outlived an outage; infinite if one never began again."""
    times: list[float] = []
    for outage in incidents.outages:
        before = {run.worker for run in ledger.runs if run.began < outage.began}
        first: dict[int, float] = {}
        for run in ledger.runs:
            if run.began >= outage.over:
                first[run.worker] = min(run.began, first.get(run.worker, run.began))
        died = {death.worker for death in incidents.deaths if death.at < outage.over}
        times += [first.get(worker, float("inf")) - outage.over for worker in before - died]
    return max(times, default=None)
