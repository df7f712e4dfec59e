"""A server that takes connections and answers nothing."""

import asyncio
from pathlib import Path

import pytest

from support.clients import is_blocked
from support.jobs import Paint
from support.own_broker import frozen
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable

GENEROUS = 5.0  # half of what a call may take that knows no deadline


@pytest.mark.parametrize("timeout", [0.0, 0.2])
async def test_a_result_is_not_waited_for_beyond_its_timeout(timeout: float, server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:
            handle = await queues.enqueue(Paint(colour="red"))
            with frozen(broker):
                async with asyncio.timeout(GENEROUS):
                    with pytest.raises(BrokerUnavailable, match="no answer in time"):
                        await handle.result(timeout=timeout)
            async with running_worker(broker.url, "bull"):
                assert (await handle.result(timeout=10)).colour == "red"


async def test_a_server_that_hangs_later_does_not_prolong_the_wait(prefix: str, server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url, prefix=prefix) as queues:
            handle = await queues.enqueue(Paint(colour="red"))
            waiting = asyncio.create_task(handle.result(timeout=1.0))
            async with await Connection.open(broker.url) as connection:
                await eventually(lambda: is_blocked(connection, "toril-events", "xread"))
            await handle.state()  # asked behind the first look for the result, which has been answered then
            with frozen(broker):
                async with asyncio.timeout(GENEROUS):
                    with pytest.raises(TimeoutError, match="has not ended"):
                        await waiting
