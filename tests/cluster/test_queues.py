"""Queues on a cluster: all on one server by their prefix, or each on its own by its name.

The integration tests that run on a cluster too have one prefix for both their queues. Here they are spread.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from support.cluster import RunningCluster, tag_of
from support.jobs import Paint, paint
from support.jobs import handlers as painters
from toril.backend import QueueService
from toril.bull.connection import Connection
from toril.bull.directory import find_queues
from toril.bull.errors import BrokerMisconfigured
from toril.jobs import Flow, Job, Queue
from toril.types import EventKind
from toril.worker import Handlers, JobContext, WorkerFactory, WorkerSettings

north, east, south = (Queue(f"{{{tag_of(master)}}}") for master in range(3))
QUEUES = (north, east, south)


class Carry(Job[str]):
    """Brings back what it was sent with."""

    what: str
    seconds: float = 0.0


class CarryNorth(Carry, queue=north, name="carry"):
    pass


class CarryEast(Carry, queue=east, name="carry"):
    pass


class CarrySouth(Carry, queue=south, name="carry"):
    pass


CARRIERS = (CarryNorth, CarryEast, CarrySouth)
handlers = Handlers()


@handlers.handles(CarryNorth)
@handlers.handles(CarryEast)
@handlers.handles(CarrySouth)
async def carry(job: Carry, context: JobContext) -> str:
    await context.progress(0.5)
    await asyncio.sleep(job.seconds)
    return job.what


@asynccontextmanager
async def carriers(url: str, prefix: str) -> AsyncIterator[QueueService]:
    """A producer, and a running worker for each of the queues."""
    settings = WorkerSettings(concurrency=5, lock_duration=1.0, stalled_interval=0.3)
    async with AsyncExitStack() as stack:
        queues = await stack.enter_async_context(QueueService.connect(url, prefix=prefix))
        workers = [
            await stack.enter_async_context(
                WorkerFactory(url, handlers, prefix=prefix).create(queue, settings=settings)
            )
            for queue in QUEUES
        ]
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for worker in workers:
            group.create_task(worker.run())
        try:
            yield queues
        finally:
            for worker in workers:
                worker.stop()


async def test_queues_spread_over_the_servers_by_their_names(cluster: RunningCluster, name: str) -> None:
    for master in cluster.masters:
        master.client.config_resetstat()
    async with carriers(cluster.url, name) as queues:
        jobs = [carrier(what=f"{number}") for number in range(20) for carrier in CARRIERS]
        handles = await queues.enqueue_many(jobs)
        results = await asyncio.gather(*(handle.result(timeout=20) for handle in handles))
    assert results == [job.what for job in jobs]
    for queue, master in zip(QUEUES, cluster.masters, strict=True):
        assert master.client.zcard(f"{name}:{queue.name}:completed") == 20
        assert "errorstat_CROSSSLOT" not in master.client.info("errorstats")


async def test_every_queue_is_found_wherever_it_is(cluster: RunningCluster, name: str) -> None:
    async with QueueService.connect(cluster.url, prefix=name) as queues:
        for carrier in CARRIERS:
            await queues.enqueue(carrier(what="water"))
    async with await Connection.open(cluster.url) as connection:
        found = await find_queues(connection, prefix=name)
        assert found == (sorted(queue.name for queue in QUEUES), True)
        assert not (await find_queues(connection, prefix=name, most=2)).complete


async def test_each_worker_is_found_once(cluster: RunningCluster, name: str) -> None:
    async with carriers(cluster.url, name) as queues:
        for queue in QUEUES:
            [worker] = await queues.inspect(queue).workers()
            assert worker.name is None


async def test_events_of_all_queues_are_followed_at_once(cluster: RunningCluster, name: str) -> None:
    async with carriers(cluster.url, name) as queues, asyncio.timeout(20):
        feeds = [queues.events(queue) for queue in QUEUES]
        async with feeds[0] as first, feeds[1] as second, feeds[2] as third:
            for carrier in CARRIERS:
                await queues.enqueue(carrier(what="water"))
            for feed in (first, second, third):
                kinds = [(await anext(feed)).kind for _ in range(5)]
                assert kinds[0] is EventKind.ADDED
                assert kinds[-1] is EventKind.COMPLETED


async def test_locks_are_renewed_on_every_server(cluster: RunningCluster, name: str) -> None:
    async with carriers(cluster.url, name) as queues:
        handles = [await queues.enqueue(carrier(what="lead", seconds=2.5)) for carrier in CARRIERS]
        for handle in handles:
            assert await handle.result(timeout=20) == "lead"
            assert (await handle.record()).attempts_started == 1


# --- what cannot be ---


async def test_a_producer_is_told_at_its_first_job(cluster: RunningCluster, name: str) -> None:
    async with QueueService.connect(cluster.url, prefix=name) as queues:
        with pytest.raises(BrokerMisconfigured, match="hash tag"):
            await queues.enqueue(Paint(colour="red"))


async def test_a_worker_is_told_when_it_is_entered(cluster: RunningCluster, name: str) -> None:
    with pytest.raises(BrokerMisconfigured, match="hash tag"):
        async with WorkerFactory(cluster.url, painters, prefix=name).create(paint):
            pass


async def test_flows_of_several_servers_are_added_together(cluster: RunningCluster, name: str) -> None:
    async with carriers(cluster.url, name) as queues:
        flows = [Flow(carrier(what="a"), children=[carrier(what="b")]) for carrier in CARRIERS * 2]
        for handle in await queues.enqueue_flows(flows):
            assert await handle.result(timeout=20) == "a"


async def test_a_child_on_another_server_cannot_be_added(cluster: RunningCluster, name: str) -> None:
    parents = Handlers()

    @parents.handles(CarryNorth)
    async def carry_on(job: CarryNorth, context: JobContext) -> str:
        with pytest.raises(BrokerMisconfigured, match="not in one slot"):
            await context.add_children([CarryEast(what="b")])
        return job.what

    async with (
        QueueService.connect(cluster.url, prefix=name) as queues,
        WorkerFactory(cluster.url, parents, prefix=name).create(north) as worker,
        asyncio.TaskGroup() as group,
    ):
        group.create_task(worker.run())
        assert await (await queues.enqueue(CarryNorth(what="a"))).result(timeout=20) == "a"
        worker.stop()


async def test_a_flow_over_two_servers_is_refused_before_anything_is_added(
    cluster: RunningCluster, name: str
) -> None:
    async with QueueService.connect(cluster.url, prefix=name) as queues:
        with pytest.raises(BrokerMisconfigured, match="not in one slot"):
            await queues.enqueue_flow(Flow(CarryNorth(what="a"), children=[CarryEast(what="b")]))
    assert [master.client.keys(f"{name}:*") for master in cluster.masters] == [[], [], []]
