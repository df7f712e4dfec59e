"""Looking after jobs whose worker has died, at the start and then once per interval."""

import asyncio

from toril.bull.errors import BullError
from toril.bull.outage import Outage
from toril.bull.stalled import StalledCheck
from toril.worker import log
from toril.worker.monitoring.tally import Tally


async def recover_stalled_jobs(
    check: StalledCheck, *, queue: str, interval: float, outage: Outage, tally: Tally
) -> None:
    """Goes on checking until it is cancelled."""
    while True:
        try:
            recovered = await check.recover()
        except BullError as error:
            await outage.endure(error)
            continue
        outage.over()
        if recovered:
            tally.stalled_recovered += len(recovered)
            log.stalled_recovered(queue, recovered)
        await asyncio.sleep(interval)
