"""Cancelling jobs that run."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.clients import clients
from support.jobs import Paint, Painted, paint
from support.waiting import eventually
from support.worker_process import worker_process
from support.workshop import QUICK, is_in, running_worker, workshop
from toril.backend import JobFailed, JobHandle, JobNotCancellable, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.types import CANCELLED, JobState
from toril.worker import Handlers, JobContext, OutcomeRefused, RateLimited, WorkerFactory

# With a lock that lasts so long, it is only the signal by which a worker can hear of it in time.
BY_SIGNAL = replace(QUICK, lock_duration=300.0)


def handlers_of(work: Callable[[Paint, JobContext], Awaitable[Painted]]) -> Handlers:
    handlers = Handlers()
    handlers.handles(Paint)(work)  # type: ignore[arg-type]
    return handlers


async def begun(queues: QueueService, job: Paint | None = None) -> JobHandle[Painted]:
    handle = await queues.enqueue(job or Paint(colour="red", seconds=60))
    await eventually(lambda: _says(handle, "attempt 1"))
    return handle


async def _says(handle: JobHandle[object], line: str) -> bool:
    return line in await handle.logs()


async def listens(connection: Connection) -> None:
    await eventually(lambda: _listens(connection))


async def _listens(connection: Connection) -> bool:
    return any(each["sub"] == "1" for each in await clients(connection))


async def failed_as_cancelled(handle: JobHandle[object]) -> None:
    with pytest.raises(JobFailed) as failed:
        await handle.result(timeout=20)
    assert failed.value.reason == CANCELLED


async def test_a_job_that_runs_is_stopped_by_a_signal_and_is_not_tried_again(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with workshop(broker.url, prefix, settings=BY_SIGNAL) as queues:
        handle = await begun(queues)
        await listens(connection)
        await handle.cancel(timeout=20)
        record = await handle.record()
        assert (record.state, record.failed_reason) == (JobState.FAILED, CANCELLED)
        assert (record.attempts, record.attempts_made) == (3, 1)
        await failed_as_cancelled(handle)
        assert await (await queues.enqueue(Paint(colour="blue"))).result(timeout=20)


async def test_a_job_is_stopped_in_another_process(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        worker_process(broker.url, prefix),
    ):
        handle = await begun(queues)
        await handle.cancel(timeout=20)
        await failed_as_cancelled(handle)


async def test_a_lost_signal_is_made_up_for_as_the_lock_is_renewed(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await begun(queues)
        # What cancel() writes, without its word to the worker.
        await connection.execute("HSET", keys.job(handle.job_id), "defa", CANCELLED)
        await failed_as_cancelled(handle)


async def test_a_worker_that_may_not_listen_finds_the_mark(server: Path) -> None:
    with EmbeddedBroker(port=0, program=server) as broker:
        async with await Connection.open(broker.url) as connection:
            await connection.execute("ACL", "SETUSER", "default", "-subscribe")
            async with workshop(broker.url, "bull") as queues:
                handle = await begun(queues)
                await handle.cancel(timeout=20)
                await failed_as_cancelled(handle)


async def test_the_handler_may_clean_up(broker: EmbeddedBroker, prefix: str) -> None:
    cleaned_up = asyncio.Event()

    async def work(job: Paint, context: JobContext) -> Painted:
        await context.log("attempt 1")
        try:
            await asyncio.Event().wait()
        finally:
            await context.log("cleaning up")
            await asyncio.sleep(0.2)
            cleaned_up.set()
        raise AssertionError

    async with workshop(broker.url, prefix, handlers=handlers_of(work)) as queues:
        handle = await begun(queues)
        await handle.cancel(timeout=20)
        assert cleaned_up.is_set()
        await failed_as_cancelled(handle)


async def test_the_result_of_a_handler_that_swallows_its_cancellation_is_refused(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async def work(job: Paint, context: JobContext) -> Painted:
        await context.log("attempt 1")
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
        return Painted(colour="stubborn", attempt=1)

    async with workshop(broker.url, prefix, handlers=handlers_of(work)) as queues:
        handle = await begun(queues)
        await handle.cancel(timeout=20)
        await failed_as_cancelled(handle)
        assert (await handle.record()).result is None


async def test_what_fails_in_the_clean_up_leaves_its_trace(broker: EmbeddedBroker, prefix: str) -> None:
    async def work(job: Paint, context: JobContext) -> Painted:
        await context.log("attempt 1")
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("the tap is stuck")

    async with workshop(broker.url, prefix, handlers=handlers_of(work)) as queues:
        handle = await begun(queues)
        await handle.cancel(timeout=20)
        await failed_as_cancelled(handle)
        assert "the tap is stuck" in (await handle.record()).stacktrace[-1]


async def test_a_handler_that_does_not_end_within_the_grace_is_fenced(
    broker: EmbeddedBroker, prefix: str
) -> None:
    ends = asyncio.Event()
    ended = asyncio.Event()

    async def work(job: Paint, context: JobContext) -> Painted:
        await context.log("attempt 1")
        while not ends.is_set():
            try:
                await ends.wait()
            except asyncio.CancelledError:
                continue
        ended.set()
        return Painted(colour="late", attempt=1)

    impatient = replace(QUICK, grace=0.2)
    async with workshop(broker.url, prefix, handlers=handlers_of(work), settings=impatient) as queues:
        handle = await begun(queues)
        with pytest.raises(TimeoutError):
            await handle.cancel(timeout=0)
        # Its lock runs out, and whoever takes the job then fails it unstarted.
        await failed_as_cancelled(handle)
        ends.set()
        await ended.wait()
        await (await queues.enqueue(Paint(colour="blue"))).result(timeout=20)
        record = await handle.record()
        assert (record.result, record.failed_reason, record.stalled_count) == (None, CANCELLED, 1)


async def test_a_cancelled_job_of_a_dead_worker_does_not_run_again(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with worker_process(broker.url, prefix) as process:
            handle = await begun(queues)
            process.kill()
            await process.wait()
        with pytest.raises(TimeoutError):
            await handle.cancel(timeout=0)
        async with running_worker(broker.url, prefix):
            await failed_as_cancelled(handle)
        assert await handle.logs() == ["attempt 1"]


@pytest.mark.parametrize("end", ["return", "fail", "delay", "wait", "limit"])
async def test_however_a_run_ends_meanwhile_a_marked_job_ends_cancelled(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys, end: str
) -> None:
    ends = asyncio.Event()

    async def work(job: Paint, context: JobContext) -> Painted:
        await context.log("attempt 1")
        await ends.wait()
        match end:
            case "fail":
                raise ValueError("no colour left")
            case "delay":
                context.move_to_delayed(3600)
            case "wait":
                context.move_to_waiting()
            case "limit":
                raise RateLimited(3600)
            case _:
                pass
        return Painted(colour="red", attempt=1)

    async with workshop(broker.url, prefix, handlers=handlers_of(work), settings=BY_SIGNAL) as queues:
        handle = await begun(queues)
        await connection.execute("HSET", keys.job(handle.job_id), "defa", CANCELLED)
        ends.set()
        await failed_as_cancelled(handle)


async def test_a_worker_that_stops_does_not_hand_a_cancelled_job_back(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        async with running_worker(broker.url, prefix, settings=replace(BY_SIGNAL, grace=0.1)):
            handle = await begun(queues)
            await connection.execute("HSET", keys.job(handle.job_id), "defa", CANCELLED)
        await failed_as_cancelled(handle)


async def test_a_cancelled_job_may_be_retried(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await begun(queues, Paint(colour="red", seconds=1.5))
        await handle.cancel(timeout=20)
        await handle.retry()
        assert (await handle.result(timeout=20)).attempt == 2
        with pytest.raises(JobNotCancellable, match="completed"):
            await handle.cancel()


async def test_a_worker_hears_again_after_its_connection_broke(
    broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    async with workshop(broker.url, prefix, settings=BY_SIGNAL) as queues:
        await listens(connection)
        for node in await connection.nodes():
            await node.execute("CLIENT", "KILL", "TYPE", "pubsub")
        handle = await begun(queues)
        await listens(connection)
        await handle.cancel(timeout=20)
        await failed_as_cancelled(handle)


async def test_only_the_run_that_was_meant_is_stopped(
    broker: EmbeddedBroker, prefix: str, connection: Connection, keys: QueueKeys
) -> None:
    async with workshop(broker.url, prefix, settings=BY_SIGNAL) as queues:
        await listens(connection)
        handle = await begun(queues, Paint(colour="red", seconds=0.5))
        for node in await connection.nodes():
            await node.execute("PUBLISH", keys.cancelled, f"another-run {handle.job_id}")
        assert (await handle.result(timeout=20)).colour == "red"


async def test_a_job_in_hand_is_failed_as_it_is_settled(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        async with WorkerFactory(broker.url, Handlers(), prefix=prefix).take(paint, timeout=10) as job:
            assert job is not None
            assert await is_in(handle, JobState.ACTIVE)
            with pytest.raises(TimeoutError):
                await handle.cancel(timeout=0)
            with pytest.raises(OutcomeRefused, match="cancelled"):
                await job.complete_as(Paint, Painted(colour="red", attempt=1))
        await failed_as_cancelled(handle)
