"""A queue's server is killed, or the queue moved to another: work goes on by itself, nothing is lost."""

import asyncio

import pytest

from support.cluster import RunningCluster, tag_of
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import JobHandle, QueueService
from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.slots import slot_of
from toril.bull.thread_connection import ThreadConnection
from toril.types import JobState
from toril.worker import WorkerSettings

PREFIX = f"{{{tag_of(0)}}}"  # on the server that has a replica
# A lock outlasts the failover, as it does by default.
SETTINGS = WorkerSettings(concurrency=5, lock_duration=6.0, stalled_interval=1.0)


async def is_done(handle: JobHandle[object]) -> bool:
    return await handle.state() is JobState.COMPLETED


async def test_jobs_outlive_the_server_of_their_queue(own_cluster: RunningCluster) -> None:
    async with QueueService.connect(own_cluster.url, prefix=PREFIX, timeout=30.0) as queues:
        long = await queues.enqueue(Paint(colour="long", seconds=5.0))
        many = await queues.enqueue_many(Paint(colour="red", seconds=0.05) for _ in range(100))
        async with running_worker(own_cluster.url, PREFIX, settings=SETTINGS):
            await eventually(lambda: is_done(many[10]))
            own_cluster.fail_over()
            # Added meanwhile, followed meanwhile, run meanwhile:
            late = await queues.enqueue(Paint(colour="late"))
            for handle in (*many, late):
                await handle.result(timeout=30)
            await long.result(timeout=30)
            # Its lock was renewed at the one server, and then at the other.
            assert (await long.record()).attempts_started == 1


async def test_a_queue_moves_to_another_server_while_it_is_worked_on(own_cluster: RunningCluster) -> None:
    source, _, target = own_cluster.masters
    slot = slot_of(tag_of(0).encode())
    async with QueueService.connect(own_cluster.url, prefix=PREFIX) as queues:
        handles = await queues.enqueue_many(Paint(colour="red", seconds=0.01) for _ in range(300))
        async with running_worker(own_cluster.url, PREFIX, settings=SETTINGS):
            await eventually(lambda: is_done(handles[10]))
            source.client.execute_command(
                "CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", slot, slot, "NODE", target.id
            )
            for handle in handles:
                await handle.result(timeout=30)
                assert (await handle.record()).attempts_started == 1
    assert target.client.zcard(f"{PREFIX}:paint:completed") == 300


async def test_a_sleeping_worker_wakes_for_jobs_after_the_failover(own_cluster: RunningCluster) -> None:
    async with QueueService.connect(own_cluster.url, prefix=PREFIX, timeout=30.0) as queues:
        async with running_worker(own_cluster.url, PREFIX, settings=SETTINGS) as worker:
            await (await queues.enqueue(Paint(colour="red"))).result(timeout=20)
            own_cluster.fail_over()
            handle = await queues.enqueue(Paint(colour="blue"))
            assert (await handle.result(timeout=20)).colour == "blue"
            await eventually(lambda: worker.is_ready)


async def test_connections_find_the_new_server(own_cluster: RunningCluster) -> None:
    key = f"{PREFIX}:key"
    async with Connection(own_cluster.url) as known, Connection(own_cluster.masters[0].url) as lost:
        with ThreadConnection.open(own_cluster.masters[0].url) as blocking:
            for connection in (known, lost):
                await connection.execute("SET", key, "1")
            blocking.execute("SET", key, "1")
            own_cluster.fail_over()
            for connection in (known, lost):
                assert await connection.execute("GET", key, timeout=30.0) == b"1"
            assert await asyncio.to_thread(blocking.execute, "GET", key, timeout=30.0) == b"1"


async def test_a_cluster_that_has_lost_a_part_is_waited_for(own_cluster: RunningCluster) -> None:
    first, lost, last = own_cluster.masters
    async with await Connection.open(own_cluster.url) as connection:
        lost.kill()  # nobody can take its place
        await eventually(lambda: not first.is_ready())
        with pytest.raises(BrokerUnavailable, match="its cluster is down"):
            await connection.execute("GET", f"{PREFIX}:key", timeout=2.0)

        first.client.config_resetstat()
        waiting = asyncio.create_task(connection.execute("GET", f"{PREFIX}:key", timeout=20.0))
        await eventually(lambda: "errorstat_CLUSTERDOWN" in first.client.info("errorstats"))
        for master in (first, last):
            master.client.config_set("cluster-require-full-coverage", "no")
        assert await waiting is None
