"""Many callers of `enqueue` at once, and batches: two round trips under way, first come, first served."""

import asyncio
import json
from pathlib import Path

import pytest

from support.jobs import Paint, Painted
from support.own_broker import frozen
from toril.backend import JobHandle, QueueService, ServiceClosed
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable
from toril.bull.keys import QueueKeys
from toril.jobs import Job, Queue

KEYS = QueueKeys("paint")
GENEROUS = 5.0  # half of what a call takes at most


async def colours(connection: Connection) -> list[str]:
    """Of the jobs that wait, in the order in which they are to run."""
    ids: list[bytes] = await connection.execute("LRANGE", KEYS.wait, 0, -1)
    keys = [f"{KEYS.base}{job_id.decode()}" for job_id in reversed(ids)]
    return [json.loads(await connection.execute("HGET", key, "data"))["colour"] for key in keys]


async def test_a_crowd_is_added_in_the_order_in_which_it_came(server: Path) -> None:
    names = [f"red {number}" for number in range(120)]

    async def three_times(name: str) -> list[JobHandle[Painted]]:
        return [await queues.enqueue(Paint(colour=name)) for _ in range(3)]

    with EmbeddedBroker(program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
        ):
            handles = await asyncio.gather(*(three_times(name) for name in names))
            assert len({each.job_id for some in handles for each in some}) == 360
            added = await colours(connection)
            assert added[:120] == names
            assert sorted(added) == sorted(names * 3)


class Mural(Job[None], queue=Queue("paint"), name="mural"):
    """Its jobs may be large."""

    colour: str


@pytest.mark.parametrize("size", [10, 60_000], ids=["250 a script", "fewer a script"])
async def test_batches_are_added_in_order(server: Path, size: int) -> None:
    names = [f"{number} {'x' * size}" for number in range(700)]
    with EmbeddedBroker(program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
        ):
            handles = await queues.enqueue_many(Mural(colour=name) for name in names)
            assert [handle.job_id for handle in handles] == [str(number) for number in range(1, 701)]
            assert await colours(connection) == names


async def test_leaving_the_service_ends_the_wait_of_a_crowd(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:
            await queues.enqueue(Paint(colour="red"))
            with frozen(broker):
                calls = [asyncio.create_task(queues.enqueue(Paint(colour="red"))) for _ in range(100)]
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                await queues.__aexit__(None, None, None)
                assert {type(each) for each in await asyncio.gather(*calls, return_exceptions=True)} == {
                    ServiceClosed
                }


async def test_one_of_a_crowd_may_leave_the_service_as_soon_as_its_job_is_added(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url) as queues:

            async def last() -> None:
                await queues.enqueue(Paint(colour="red"))
                await queues.__aexit__(None, None, None)

            await asyncio.gather(*(queues.enqueue(Paint(colour="red")) for _ in range(100)))
            with frozen(broker):
                leaving = asyncio.create_task(last())
                others = [asyncio.create_task(queues.enqueue(Paint(colour="red"))) for _ in range(99)]
                for _ in range(3):  # both round trips set out, so that both are answered at once
                    await asyncio.sleep(0)
            await leaving
            done = await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), GENEROUS)
            assert {type(each) for each in done} == {ServiceClosed}


async def test_a_broker_that_does_not_answer_is_told_to_the_whole_crowd(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with QueueService.connect(broker.url, timeout=0.3) as queues:
            with frozen(broker):
                calls = [asyncio.create_task(queues.enqueue(Paint(colour="red"))) for _ in range(100)]
                done = await asyncio.gather(*calls, return_exceptions=True)
                assert {type(each) for each in done} == {BrokerUnavailable}
            assert await queues.enqueue(Paint(colour="blue"))


async def test_those_of_a_crowd_that_are_cancelled_harm_no_other(server: Path) -> None:
    with EmbeddedBroker(program=server) as broker:
        async with (
            QueueService.connect(broker.url) as queues,
            await Connection.open(broker.url) as connection,
        ):
            calls = [asyncio.create_task(queues.enqueue(Paint(colour=f"{number}"))) for number in range(100)]
            await asyncio.sleep(0)
            for call in calls[::2]:
                call.cancel()
            await asyncio.wait(calls)
            assert all(call.result() for call in calls[1::2])
            added = await colours(connection)
            assert set(added) >= {f"{number}" for number in range(1, 100, 2)}
