"""The broker goes and comes."""

from chaos.stage import Stage

DOWN_FOR_LOCKS = 5 / 12  # with a lock of 12 s, 5 s


async def broker_killed(stage: Stage) -> None:
    """It is killed while jobs are added and run, and started again on what it had written."""
    await stage.hire()
    await stage.add(stage.chores())
    faults = stage.terms.faults
    for fault in range(1, faults + 1):
        await stage.share_ended(fault / (faults + 2))
        await stage.broker.kill(down_for=DOWN_FOR_LOCKS * stage.lock_duration)


async def broker_stopped(stage: Stage) -> None:
    """It answers nothing for longer than a lock lasts, and goes on then."""
    await stage.hire()
    await stage.add(stage.chores())
    await stage.share_ended(0.3)
    await stage.broker.stop(stage.terms.outage)
