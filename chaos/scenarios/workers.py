"""Workers that are killed, replaced, or see a wrong time."""

from dataclasses import replace

from chaos.stage import Stage
from chaos.standstill import stand_still
from chaos.systems.commands import NODE
from chaos.terms import Chore

SHORT_GRACE = 1.0
LONG_EVERY, LONG_SECONDS = 40, 3.0  # jobs that a deploy finds running
ROUNDS = 2
DELAYED_EVERY, DELAY = 20, 2.0
WRONG_BY = 600.0


async def workers_killed(stage: Stage) -> None:
    """One after the other is killed while the jobs run, and another takes its place."""
    await stage.hire()
    await stage.add(stage.chores())
    await _kill_one_by_one(stage)


async def mixed_fleet_killed(stage: Stage) -> None:
    """The same, in a fleet of which every other worker is Node's."""
    for system in _alternately(stage.system, stage.terms.workers):
        await stage.hire(1, system=system)
    await stage.add(stage.chores())
    await _kill_one_by_one(stage)


async def worker_stopped(stage: Stage) -> None:
    """One worker stands still until others have its jobs, and goes on as if nothing had been."""
    await stage.hire()
    await stage.add(stage.chores())
    await stage.share_ended(0.3)
    await stand_still(stage.busiest().group, stage.terms.outage)


async def workers_replaced(stage: Stage) -> None:
    """A rolling deploy, again and again: the producer first, then the workers, which get little time to end.

    Some jobs run longer than that, and go back to the queue.
    """
    chores = [_long_at_times(chore) for chore in stage.chores()]
    before = len(chores) // 2
    await stage.hire(grace=SHORT_GRACE)
    await stage.add(chores[:before])
    await stage.share_ended(0.1)
    await stage.add(chores[before:], release=2)
    for _ in range(ROUNDS):
        for worker in list(stage.fleet.workers):
            await stage.hire(1, grace=SHORT_GRACE, release=2)
            await stage.fleet.dismiss(worker)


async def clocks_wrong(stage: Stage) -> None:
    """One worker's clock is ahead, another's behind; some jobs are to be put off."""
    await stage.hire(1, clock_ahead=WRONG_BY)
    await stage.hire(1, clock_ahead=-WRONG_BY)
    await stage.hire(max(stage.terms.workers - 2, 1))
    chores = stage.chores()
    await stage.add(
        [replace(each, delay=DELAY) if each.number % DELAYED_EVERY == 0 else each for each in chores]
    )


async def _kill_one_by_one(stage: Stage) -> None:
    faults = stage.terms.faults
    for fault in range(1, faults + 1):
        await stage.share_ended(fault / (faults + 2))
        victim = stage.busiest()
        await stage.fleet.kill(victim)
        await stage.hire(1, system=victim.system)


def _alternately(system: str, workers: int) -> list[str]:
    return [system if number % 2 == 0 else NODE for number in range(workers)]


def _long_at_times(chore: Chore) -> Chore:
    return replace(chore, seconds=LONG_SECONDS) if chore.number % LONG_EVERY == 0 else chore
