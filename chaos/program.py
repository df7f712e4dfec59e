"""All that is tried: Toril alone, one trial after the other, then all systems side by side."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

from chaos.scenarios import SCENARIOS, Scenario
from chaos.systems.commands import TORIL
from chaos.terms import COMPARED, Terms
from chaos.trial import Trial, hold

COMPARED_AT_ONCE = 8  # most of the time they wait


class Planned(NamedTuple):
    """One trial that is to be held; `alone` while no other one is."""

    scenario: Scenario
    system: str
    terms: Terms
    alone: bool


def planned(names: Sequence[str], systems: Sequence[str], terms: Terms) -> list[Planned]:
    """The trials of these scenarios: Toril's on `terms`, and the comparison of these systems."""
    scenarios = [SCENARIOS[name] for name in names]
    own = [Planned(scenario, TORIL, terms, True) for scenario in scenarios if TORIL in systems]
    compared = [
        Planned(scenario, system, COMPARED, False)
        for scenario in scenarios
        if scenario.compares and len(systems) > 1
        for system in systems
    ]
    return own + compared


async def run(plan: Sequence[Planned], tell: Callable[[Trial], None]) -> None:
    """Holds the trials, and tells what each came to as soon as it is over.

    Raises:
        NodeUnavailable: there is no Node that a system needs (perhaps in an exception group).
    """
    for each in plan:
        if each.alone:
            tell(await hold(each.scenario, each.system, each.terms))
    at_once = asyncio.Semaphore(COMPARED_AT_ONCE)

    async def hold_beside_others(each: Planned) -> None:
        async with at_once:
            tell(await hold(each.scenario, each.system, each.terms))

    async with asyncio.TaskGroup() as group:
        for each in plan:
            if not each.alone:
                group.create_task(hold_beside_others(each))
