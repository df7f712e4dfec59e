"""The broker goes and comes."""

import asyncio

from chaos.stage import Stage

SHORT_OUTAGE_LOCKS = 5 / 12  # with a lock of 12 s, 5 s: less than what is left of any lock that is renewed


async def broker_killed(stage: Stage) -> None:
    """It is killed while jobs are added and run, and started again on what it had written."""
    await stage.hire()
    await stage.add(stage.chores())
    faults = stage.terms.faults
    for fault in range(1, faults + 1):
        await stage.share_ended(fault / (faults + 2))
        await stage.broker.kill(down_for=SHORT_OUTAGE_LOCKS * stage.lock_duration)


async def broker_stopped_briefly(stage: Stage) -> None:
    """It answers nothing for a while, but for less than a lock lasts."""
    await _stop_for(stage, SHORT_OUTAGE_LOCKS * stage.lock_duration)


async def broker_stopped(stage: Stage) -> None:
    """It answers nothing for longer than a lock lasts, and goes on then."""
    await _stop_for(stage, stage.terms.outage)


async def workers_replaced_meanwhile(stage: Stage) -> None:
    """The whole fleet is asked to end while the broker answers nothing, and another one begins."""
    await stage.hire()
    await stage.add(stage.chores())
    await stage.share_ended(0.3)
    async with asyncio.TaskGroup() as group:
        group.create_task(stage.broker.stop(stage.terms.outage))
        group.create_task(stage.fleet.dismiss_all())
    await stage.hire()


async def _stop_for(stage: Stage, seconds: float) -> None:
    await stage.hire()
    await stage.add(stage.chores())
    await stage.share_ended(0.3)
    await stage.broker.stop(seconds)
