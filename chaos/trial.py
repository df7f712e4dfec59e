"""One scenario on one system, from an empty broker to the verdict."""

import asyncio
import time
from dataclasses import dataclass

from chaos.keyspace import Leftovers, leftovers
from chaos.ledger import Ledger
from chaos.scenarios import Scenario
from chaos.stage import Stage, Stuck
from chaos.systems.commands import ON_THE_WIRE, TORIL
from chaos.terms import Terms
from chaos.verdict import Figures, Incidents, count

RESUMES_WITHIN = 5.0


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What a run came to.

    Attributes:
        problems: what is not as Toril promises it, each in a line.
        exited: workers that ended by themselves.
    """

    scenario: Scenario
    system: str
    terms: Terms
    figures: Figures
    problems: list[str]
    exited: int

    @property
    def broken_promises(self) -> list[str]:
        """The problems, if it was our promise."""
        return self.problems if self.system == TORIL else []


async def hold(scenario: Scenario, system: str, terms: Terms) -> Trial:
    """Breaks what the scenario says, waits until the jobs are through or patience is over, and looks.

    Raises:
        NodeUnavailable: there is no Node that a system needs.
    """
    began = time.monotonic()
    async with Stage.set(system, terms, scenario.sync) as stage:
        stuck: list[str] = []
        try:
            await scenario.act(stage)
            await stage.all_over()
        except Stuck as problem:
            stuck.append(str(problem))
        took = time.monotonic() - began
        exited = sum(not worker.runs for worker in stage.fleet.workers)
        await stage.fleet.dismiss_all()
        ledger = await asyncio.to_thread(stage.ledger.read_on)
        left = await asyncio.to_thread(leftovers, stage.broker.url) if system in ON_THE_WIRE else None
        incidents = Incidents(deaths=stage.fleet.deaths, outages=stage.broker.outages, sync=scenario.sync)
        figures = await asyncio.to_thread(count, ledger, incidents, left, took)
        problems = stuck + _problems(scenario, figures, terms, stage.recovers_within)
        problems += _bad_ends(incidents, ledger)
        if left is not None:
            problems += _left_behind(left, ledger)
    return Trial(
        scenario=scenario, system=system, terms=terms, figures=figures, problems=problems, exited=exited
    )


def _problems(scenario: Scenario, figures: Figures, terms: Terms, recovers_within: float) -> list[str]:
    problems: list[str] = []
    if figures.added < terms.jobs:
        problems.append(f"{terms.jobs - figures.added} jobs were never acknowledged")
    if figures.lost:
        problems.append(f"{figures.lost} jobs are lost")
    problems += [
        f"{number} jobs ran again: {cause}"
        for cause, number in figures.repeats.items()
        if cause not in scenario.repeats
    ]
    if figures.recovered is not None and figures.recovered > recovers_within + terms.slack:
        problems.append(f"a killed worker's job ran again after {figures.recovered:.1f} s only")
    if figures.resumed is not None and figures.resumed > RESUMES_WITHIN + terms.slack:
        problems.append(f"a worker began a job {figures.resumed:.1f} s after the outage only")
    return problems


def _bad_ends(incidents: Incidents, ledger: Ledger) -> list[str]:
    """Workers that were asked to end and did otherwise; one that never began may not have listened yet."""
    began = {run.worker for run in ledger.runs}
    return [
        f"a worker that was asked to end ended with {death.exit_code}"
        for death in incidents.deaths
        if not death.killed and death.exit_code != 0 and death.worker in began
    ]


def _left_behind(left: Leftovers, ledger: Ledger) -> list[str]:
    problems = list(left.broken)
    problems += [f"a job failed: {reason}" for reason in left.failed]
    unfinished = {
        state: number for state, number in left.states.items() if state not in ("completed", "failed")
    }
    if unfinished:
        problems.append(f"not through: {unfinished}")
    if missing := ledger.added.keys() - left.starts.keys():
        problems.append(f"{len(missing)} jobs have no record")
    return problems
