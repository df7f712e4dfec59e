"""Workers that die, lose their locks, or are stopped."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from support.jobs import Paint, Painted, PaintOnce, handlers, paint
from support.waiting import eventually
from support.worker_process import worker_process
from support.workshop import QUICK, is_in, running_worker, workshop
from toril.backend import JobFailed, JobHandle, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import CommandRefused
from toril.bull.keys import QueueKeys
from toril.types import JobState
from toril.worker import Handlers, JobContext, WorkerFactory


async def active(queues: QueueService) -> int:
    return (await queues.inspect("paint").counts()).by_state[JobState.ACTIVE]


async def test_jobs_of_a_killed_worker_are_finished_by_another(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(Paint(colour="red", seconds=0.1) for _ in range(30))
        async with worker_process(broker.url, prefix) as process:
            await eventually(lambda: _any_completed(queues))
            process.kill()
            await process.wait()
        assert await active(queues) > 0
        async with running_worker(broker.url, prefix):
            results = [await handle.result(timeout=20) for handle in handles]
        assert len(results) == 30
        counts = (await queues.inspect("paint").counts()).by_state
        assert counts[JobState.COMPLETED] == 30
        assert sum(counts.values()) == 30


async def _any_completed(queues: QueueService) -> int:
    return (await queues.inspect("paint").counts()).by_state[JobState.COMPLETED]


async def test_a_job_that_keeps_killing_its_worker_is_failed(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=60))
        for deaths in (0, 1):
            async with worker_process(broker.url, prefix) as process:
                await eventually(lambda deaths=deaths: _is_started_after(handle, deaths))
                process.kill()
        async with running_worker(broker.url, prefix):
            with pytest.raises(JobFailed, match="job stalled more than allowable limit"):
                await handle.result(timeout=20)


async def _is_started_after(handle: JobHandle[object], deaths: int) -> bool:
    record = await handle.record()
    return record.state is JobState.ACTIVE and record.attempts_started == deaths + 1


async def test_a_long_job_outlives_its_first_lock(broker: EmbeddedBroker, prefix: str) -> None:
    quick = replace(QUICK, lock_duration=0.4, stalled_interval=0.1)
    async with workshop(broker.url, prefix, settings=quick) as queues:
        async with running_worker(broker.url, prefix, settings=quick):
            handle = await queues.enqueue(Paint(colour="red", seconds=1.5))
            assert await handle.result(timeout=20) == Painted(colour="red", attempt=1)
            assert (await handle.record()).attempts_started == 1


async def test_scripts_that_the_server_forgets_in_mid_run_are_sent_again(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handles = await queues.enqueue_many(Paint(colour="red", failures=1) for _ in range(100))
        for handle in handles:
            for node in await connection.nodes():
                await node.execute("SCRIPT", "FLUSH")
                with suppress(CommandRefused):  # Redis before 7 has no functions
                    await node.execute("FUNCTION", "FLUSH")
            assert await handle.result(timeout=20) == Painted(colour="red", attempt=2)


async def test_a_handler_that_blocks_the_event_loop_keeps_its_job(
    broker: EmbeddedBroker, prefix: str
) -> None:
    blocking = Handlers()

    @blocking.handles(Paint)
    async def block(job: Paint, context: JobContext) -> Painted:
        import time

        time.sleep(1.5)  # noqa: ASYNC251 - what a careless handler does
        return Painted(colour=job.colour, attempt=context.attempt)

    quick = replace(QUICK, lock_duration=0.5, stalled_interval=0.1)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        async with worker_process(broker.url, prefix):
            async with running_worker(broker.url, prefix, handlers=blocking, settings=quick):
                await handle.result(timeout=20)
        record = await handle.record()
        assert (record.attempts_started, record.stalled_count) == (1, 0)


async def test_a_worker_that_lost_its_lock_is_fenced(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix, settings=replace(QUICK, stalled_interval=60)) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=0.2))
        await eventually(lambda: is_in(handle, JobState.ACTIVE))
        await connection.execute("SET", keys.lock(handle.job_id), "another worker", "PX", 60_000)
        await eventually(lambda: _log_has(handle, "attempt 1"))
        with pytest.raises(TimeoutError):
            await handle.result(timeout=1.0)
        assert await handle.state() is JobState.ACTIVE
        assert (await handle.record()).result is None


async def _log_has(handle: JobHandle[object], line: str) -> bool:
    return line in await handle.logs()


async def test_the_handler_of_a_lost_job_is_cancelled(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    cancelled = asyncio.Event()
    endless = Handlers()

    @endless.handles(Paint)
    async def wait_for_ever(job: Paint, context: JobContext) -> Painted:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError

    async with workshop(
        broker.url, prefix, handlers=endless, settings=replace(QUICK, stalled_interval=60)
    ) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: is_in(handle, JobState.ACTIVE))
        await connection.execute("SET", keys.lock(handle.job_id), "another worker", "PX", 60_000)
        async with asyncio.timeout(20):
            await cancelled.wait()


async def test_a_stopped_worker_finishes_what_runs(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handles = await queues.enqueue_many(Paint(colour="red", seconds=0.3) for _ in range(15))
        async with running_worker(broker.url, prefix):
            await eventually(lambda: _is_count(queues, 10))
        counts = (await queues.inspect("paint").counts()).by_state
        assert counts[JobState.COMPLETED] == 10
        assert counts[JobState.WAITING] == 5
        assert await handles[0].result(timeout=5) == Painted(colour="red", attempt=1)


async def _is_count(queues: QueueService, count: int) -> bool:
    return await active(queues) == count


async def test_what_does_not_end_within_the_grace_is_handed_back_unharmed(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=60))
        async with running_worker(broker.url, prefix, settings=replace(QUICK, grace=0.1)):
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
        record = await handle.record()
        assert (record.state, record.attempts_made, record.stalled_count) == (JobState.WAITING, 0, 0)


async def test_outcomes_that_redis_never_took_are_named_when_the_worker_stops(server: Path) -> None:
    with capture_logs() as logs:
        broker = EmbeddedBroker(program=server).start()
        try:
            async with QueueService.connect(broker.url) as queues:
                handle = await queues.enqueue(Paint(colour="red", seconds=0.3))
                async with running_worker(broker.url, "bull", settings=replace(QUICK, grace=1.0)):
                    await eventually(lambda: is_in(handle, JobState.ACTIVE))
                    broker.stop()
        finally:
            broker.stop()
    [unsettled] = [entry for entry in logs if "outcome of these jobs" in entry["event"]]
    assert unsettled["job_ids"] == [handle.job_id]


async def test_a_second_stop_waits_no_longer(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=60))
        async with running_worker(broker.url, prefix, settings=replace(QUICK, grace=3600)) as worker:
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
            worker.stop()
        assert await handle.state() is JobState.WAITING


async def test_a_stuck_job_past_its_timeout_is_not_renewed(broker: EmbeddedBroker, prefix: str) -> None:
    quick = replace(QUICK, lock_duration=0.5, stalled_interval=0.1)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(PaintOnce(colour="red", blocks=3.0))
        async with worker_process(broker.url, prefix) as other:
            await eventually(lambda: is_in(handle, JobState.ACTIVE))
            async with running_worker(broker.url, prefix, settings=quick):
                await eventually(lambda: _stalled(handle))
            assert other.returncode is None


async def _stalled(handle: JobHandle[object]) -> bool:
    return (await handle.record()).stalled_count > 0


async def test_a_worker_takes_no_more_than_it_can_start(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.enqueue_many(Paint(colour="red", seconds=0.5) for _ in range(50))
        async with WorkerFactory(broker.url, handlers, prefix=prefix).create(paint, concurrency=7) as worker:
            async with asyncio.TaskGroup() as group:
                group.create_task(worker.run())
                await eventually(lambda: _is_count(queues, 7))
                most = max([await active(queues) for _ in range(50)])
                worker.stop()
                worker.stop()
        assert most == 7


async def test_locks_are_renewed_again_after_redis_refused_it_for_a_while(server: Path) -> None:
    quick = replace(QUICK, lock_duration=2.0, stalled_interval=0.3)
    with EmbeddedBroker(program=server) as broker:
        async with (
            workshop(broker.url, "bull", settings=quick) as queues,
            await Connection.open(broker.url) as connection,
        ):
            with capture_logs() as logs:
                handle = await queues.enqueue(Paint(colour="red", seconds=4.0))
                await eventually(lambda: is_in(handle, JobState.ACTIVE))
                await connection.execute("ACL", "SETUSER", "default", "-pexpire")
                await eventually(lambda: any("could not be renewed" in entry["event"] for entry in logs))
                await connection.execute("ACL", "SETUSER", "default", "+pexpire")
            await handle.result(timeout=20)
            assert (await handle.record()).attempts_started == 1


async def test_a_worker_outlives_a_failover_while_it_sleeps(server: Path) -> None:
    with EmbeddedBroker(port=0, program=server) as broker:
        async with (
            workshop(broker.url, "bull") as queues,
            await Connection.open(broker.url) as connection,
        ):
            await eventually(lambda: _sleeps(connection))
            await connection.execute("REPLICAOF", "127.0.0.1", "1")
            await connection.execute("REPLICAOF", "NO", "ONE")
            handle = await queues.enqueue(Paint(colour="red"))
            assert (await handle.result(timeout=20)).colour == "red"


async def _sleeps(connection: Connection) -> bool:
    return b"cmd=bzpopmin" in await connection.execute("CLIENT", "LIST")


async def test_a_cancelled_worker_hands_its_jobs_back(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red", seconds=60))
        async with WorkerFactory(broker.url, handlers, prefix=prefix).create(paint) as worker:
            async with asyncio.TaskGroup() as group:
                running = group.create_task(worker.run())
                await eventually(lambda: is_in(handle, JobState.ACTIVE))
                running.cancel()
        assert await handle.state() is JobState.WAITING
