"""Handlers that do not let go of the event loop."""

from dataclasses import replace

from chaos.stage import Stage
from chaos.terms import How

LOCKS_LONG = 3


async def loops_blocked(stage: Stage) -> None:
    """One job blocks its worker's event loop for three locks' duration, another computes as long."""
    chores = stage.chores()
    seconds = LOCKS_LONG * stage.lock_duration
    first, second = len(chores) // 10, len(chores) // 3
    chores[first] = replace(chores[first], how=How.BLOCK, seconds=seconds)
    chores[second] = replace(chores[second], how=How.SPIN, seconds=seconds)
    await stage.hire()
    await stage.add(chores)
    await stage.until(lambda: {first, second} <= stage.ledger.ended, 2 * seconds + stage.terms.patience)
