"""A worker tells how it is doing, also while it cannot do anything else."""

import asyncio
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from support.jobs import Paint, Painted, PaintOnce
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.worker import BlockingJobContext, Handlers, JobContext, Worker, WorkerHealth

FIT = WorkerHealth(
    queue="paint",
    name=None,
    is_running=True,
    is_connected=True,
    is_paused=False,
    is_stopping=False,
    running=0,
    stuck=(),
    loop_lag=0.0,
    renewal_lag=0.0,
    lock_duration=12.0,
)


def test_what_is_wrong_with_a_worker_is_said_in_words() -> None:
    assert FIT.is_healthy
    assert FIT.is_consuming
    assert replace(FIT, loop_lag=6.0).faults == (
        "the event loop is held up, for 6.0 s by now: a handler blocks it",
    )
    assert replace(FIT, renewal_lag=5.0).faults == ("locks are renewed 5.0 s too late",)
    assert replace(FIT, stuck=("7", "8")).faults == ("2 cancelled handlers go on: jobs 7, 8",)


def test_a_worker_that_waits_for_redis_is_healthy_and_consumes_nothing() -> None:
    waiting = replace(FIT, is_connected=False, renewal_lag=30.0)
    assert waiting.is_healthy
    assert not waiting.is_consuming


async def test_a_worker_consumes_from_its_start_to_its_stop(broker: EmbeddedBroker, prefix: str) -> None:
    async with running_worker(broker.url, prefix) as worker:
        await eventually(lambda: worker.health.is_consuming)
        assert worker.health.is_healthy
        await worker.pause()
        assert not worker.health.is_consuming
        worker.resume()
        assert worker.health.is_consuming
        worker.stop()
        assert not worker.health.is_consuming
    assert not worker.health.is_running


async def test_a_blocked_event_loop_is_told_from_another_thread(broker: EmbeddedBroker, prefix: str) -> None:
    blocking = Handlers()
    seen: list[WorkerHealth] = []
    blocked = threading.Event()

    @blocking.handles(Paint)
    async def block(job: Paint, context: JobContext) -> Painted:
        blocked.set()
        deadline = time.monotonic() + 20.0
        while not seen and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251 - what a careless handler does
        return Painted(colour=job.colour, attempt=context.attempt)

    def watch(worker: Worker) -> None:
        blocked.wait(20.0)
        while not seen:
            health = worker.health
            if health.loop_lag > 0.5:
                seen.append(health)
            time.sleep(0.01)

    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix, handlers=blocking) as worker,
    ):
        watcher = threading.Thread(target=watch, args=(worker,))
        watcher.start()
        await (await queues.enqueue(Paint(colour="red"))).result(timeout=20)
        watcher.join()
        assert (seen[0].running, seen[0].renewal_lag) == (1, 0.0)
        await eventually(lambda: worker.health.loop_lag < 0.1)


async def test_a_worker_whose_redis_is_gone_is_connected_no_more(tmp_path: Path, server: Path) -> None:
    with EmbeddedBroker(tmp_path, program=server) as broker:
        async with running_worker(broker.url, "bull") as worker:
            await eventually(lambda: worker.health.is_consuming)
            broker.stop()
            await eventually(lambda: not worker.health.is_connected)
            assert not worker.health.is_consuming
            assert worker.health.is_healthy
            broker.start()
            await eventually(lambda: worker.health.is_consuming)


async def test_a_handler_that_goes_on_after_its_timeout_is_stuck_until_it_ends(
    broker: EmbeddedBroker, prefix: str
) -> None:
    deaf = Handlers()
    let_go = asyncio.Event()

    @deaf.handles(PaintOnce)
    async def go_on(job: PaintOnce, context: JobContext) -> Painted:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()
        return Painted(colour=job.colour, attempt=context.attempt)

    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix, handlers=deaf) as worker,
    ):
        try:
            handle = await queues.enqueue(PaintOnce(colour="red"))
            await eventually(lambda: handle.job_id in worker.health.stuck)
            assert not worker.health.is_healthy
        finally:
            let_go.set()
        await eventually(lambda: worker.health.is_healthy)


async def test_a_thread_that_goes_on_after_its_timeout_is_stuck_until_it_ends(
    broker: EmbeddedBroker, prefix: str
) -> None:
    deaf = Handlers()
    let_go = threading.Event()

    @deaf.handles(PaintOnce, runs_in="thread")
    def go_on(job: PaintOnce, context: BlockingJobContext) -> Painted:
        let_go.wait(40.0)
        return Painted(colour=job.colour, attempt=context.attempt)

    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        running_worker(broker.url, prefix, handlers=deaf) as worker,
    ):
        try:
            handle = await queues.enqueue(PaintOnce(colour="red"))
            await eventually(lambda: handle.job_id in worker.health.stuck)
        finally:
            let_go.set()
        await eventually(lambda: worker.health.is_healthy)
