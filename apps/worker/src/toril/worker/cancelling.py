"""Hearing which of the jobs that run here are to be cancelled."""

import asyncio
from collections.abc import Callable

from toril.bull.cancellations import Cancellations
from toril.bull.errors import BrokerUnavailable, BullError
from toril.worker import log

RETRY_AFTER = 1.0
RETRY_AFTER_REFUSAL = 60.0


async def hear_cancellations(
    cancellations: Cancellations, *, queue: str, cancel: Callable[[str, str], None]
) -> None:
    """Goes on hearing until it is cancelled. What is missed meanwhile is found as locks are renewed.

    Args:
        cancel: called with the id and the lock's token of each job, whoever runs it.
    """
    while True:
        try:
            await cancellations.hear(cancel)
        except BrokerUnavailable:
            # The loops that take jobs meet the same, and say so.
            await asyncio.sleep(RETRY_AFTER)
        except BullError as error:
            log.cancellations_unheard(queue, str(error))
            await asyncio.sleep(RETRY_AFTER_REFUSAL)
