"""A network between the workers and the broker that cannot be trusted."""

import asyncio
from random import Random

from chaos.proxy import UnreliableProxy
from chaos.stage import Stage

SEED = 20261127


async def network_unreliable(stage: Stage) -> None:
    """Producer and workers reach the broker by a proxy that breaks every connection after a while."""
    proxy = await stage.resources.enter_async_context(
        UnreliableProxy(stage.broker.url, Random(SEED))  # noqa: S311 - the same misfortunes each time
    )
    stage.url = proxy.url
    await stage.hire()
    await stage.add(stage.chores())
    await stage.share_ended(0.1)
    await asyncio.sleep(stage.terms.outage)
    proxy.calm_down()
