"""Schedules, kept going by our workers, whatever happens to a run of theirs or to the worker itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support.sweeping import HOURLY, Stop, Sweep, floors, stopping_worker, sweepers
from support.waiting import eventually
from toril.backend import InvalidSchedule, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.jobs import InvalidPayload, Keep, Schedule
from toril.types import JobState
from toril.worker import Handlers, Worker, WorkerFactory, WorkerSettings

QUICK = WorkerSettings(lock_duration=1.0, stalled_interval=0.3, grace=5.0)
KEY = f"{floors.name}:repeat"


@asynccontextmanager
async def working(
    url: str, prefix: str, handlers: Handlers, settings: WorkerSettings = QUICK
) -> AsyncIterator[Worker]:
    async with WorkerFactory(url, handlers, prefix=prefix).create(floors, settings=settings) as worker:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(worker.run())
            try:
                yield worker
            finally:
                worker.stop()
            await running


@pytest.fixture
async def queues(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[QueueService]:
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        yield service


async def runs_to_come(queues: QueueService) -> int:
    """How many runs wait to be started."""
    counts = (await queues.inspect(floors).counts()).by_state
    return counts[JobState.WAITING] + counts[JobState.DELAYED] + counts[JobState.PRIORITIZED]


async def ended(queues: QueueService, state: JobState = JobState.COMPLETED) -> int:
    return (await queues.inspect(floors).counts()).by_state[state]


async def went_on(queues: QueueService) -> bool:
    """Whether the schedule has made its second run, and no more."""
    [record] = await queues.schedules(floors).list()
    return record.runs == 2 and record.next_run is not None and await runs_to_come(queues) == 1


async def test_a_worker_makes_the_next_run_before_it_runs_this_one(
    queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    found: list[bool] = []
    handlers = Handlers()

    @handlers.handles(Sweep)
    async def sweep(job: Sweep, context: object) -> str:
        found.append(await went_on(queues))
        return job.room

    record = await queues.schedule(Sweep(room="attic"), HOURLY)
    assert (record.id, record.runs) == ("sweep", 1)
    async with working(broker.url, prefix, handlers):
        handle = queues.handle(Sweep, record.next_job_id or "")
        assert await handle.result(timeout=20) == "attic"
    assert found == [True]


async def test_many_workers_keep_exactly_one_run_to_come(
    queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    runs: list[str] = []
    await queues.schedule(Sweep(), Schedule.every(0.02))
    seen: set[int] = set()
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(working(broker.url, prefix, sweepers(runs)))
        while len(runs) < 30:
            seen.add(await runs_to_come(queues))
        assert await queues.unschedule(Sweep) is True
    # None for the moment between taking a run and making the next one.
    assert seen <= {0, 1}
    assert len(runs) == len(set(runs))
    times = [int(run.rsplit(":", 1)[1]) for run in runs]
    assert all((later - times[0]) % 20 == 0 for later in times)
    assert await queues.schedules(floors).list() == []


@pytest.mark.parametrize("stop", Stop)
async def test_a_worker_that_is_killed_neither_ends_a_schedule_nor_doubles_it(
    queues: QueueService, broker: EmbeddedBroker, prefix: str, stop: Stop
) -> None:
    runs: list[str] = []
    record = await queues.schedule(Sweep(), HOURLY)
    async with stopping_worker(broker.url, prefix, stop) as doomed:
        if stop is Stop.AFTER_CONTINUING:
            await eventually(lambda: went_on(queues))
        else:
            await eventually(lambda: _runs(queues, record.next_job_id))
            assert await runs_to_come(queues) == 0
        doomed.kill()
        await doomed.wait()
    async with working(broker.url, prefix, sweepers(runs)):
        await eventually(lambda: ended(queues))
        assert await went_on(queues)
    assert runs == [record.next_job_id]


async def test_a_run_goes_on_once_redis_is_back_and_the_next_one_is_there(
    tmp_path: Path, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, go_on = asyncio.Event(), asyncio.Event()
    continue_after = ScheduleContinuation.continue_after

    async def hesitate(*arguments: object, **named: object) -> float | None:
        taken.set()
        await go_on.wait()
        return await continue_after(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(ScheduleContinuation, "continue_after", hesitate)
    runs: list[str] = []
    broker = EmbeddedBroker(tmp_path, program=server).start()
    settings = WorkerSettings(lock_duration=30.0)
    try:
        async with (
            QueueService.connect(broker.url) as queues,
            working(broker.url, "bull", sweepers(runs), settings) as worker,
        ):
            await queues.schedule(Sweep(), HOURLY)
            await taken.wait()
            broker.stop()
            go_on.set()
            await eventually(lambda: not worker.is_ready)
            assert runs == []
            broker.start()
            await eventually(lambda: ended(queues))
            assert await went_on(queues)
        assert len(runs) == 1
    finally:
        broker.stop()


async def test_a_failed_run_that_is_tried_again_makes_no_second_next_run(
    queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    runs: list[str] = []
    await queues.schedule(Sweep(failures=1), HOURLY)
    async with working(broker.url, prefix, sweepers(runs)):
        await eventually(lambda: ended(queues))
        assert await went_on(queues)
    assert len(runs) == 2


async def test_a_run_that_no_handler_knows_keeps_its_schedule_going(
    queues: QueueService, broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    record = await queues.schedule(Sweep(), HOURLY)
    await connection.execute("HSET", f"{prefix}:{floors.name}:{record.next_job_id}", "name", "mop")
    async with working(broker.url, prefix, sweepers([]), WorkerSettings(unknown_grace=0.0)):
        await eventually(lambda: ended(queues, JobState.FAILED))
    assert await went_on(queues)


async def test_a_run_whose_payload_does_not_fit_keeps_its_schedule_going(
    queues: QueueService, broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    record = await queues.schedule(Sweep(), HOURLY)
    job = f"{prefix}:{floors.name}:{record.next_job_id}"
    await connection.execute("HSET", job, "data", '{"failures":"many"}')
    async with working(broker.url, prefix, sweepers([])):
        await eventually(lambda: ended(queues, JobState.FAILED))
    assert await went_on(queues)


async def test_a_run_with_a_deferred_failure_keeps_its_schedule_going(
    queues: QueueService, broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    record = await queues.schedule(Sweep(), HOURLY)
    job = f"{prefix}:{floors.name}:{record.next_job_id}"
    await connection.execute("HSET", job, "defa", "child failed")
    async with working(broker.url, prefix, sweepers([])):
        await eventually(lambda: ended(queues, JobState.FAILED))
    assert await went_on(queues)


async def test_a_run_whose_schedule_only_node_can_continue_is_left_to_node(
    queues: QueueService, broker: EmbeddedBroker, prefix: str, connection: Connection
) -> None:
    runs: list[str] = []
    record = await queues.schedule(Sweep(), HOURLY)
    job = f"{prefix}:{floors.name}:{record.next_job_id}"
    await connection.execute("HSET", job, "opts", '{"repeat":{"pattern":"FREQ=HOURLY","count":1}}')
    await connection.execute("HDEL", f"{prefix}:{KEY}:sweep", "every")
    async with working(broker.url, prefix, sweepers(runs)):
        await eventually(lambda: _is_delayed(queues, record.next_job_id))
    assert runs == []


async def test_ended_runs_stay_as_long_as_the_contract_says(
    broker: EmbeddedBroker, prefix: str, queues: QueueService
) -> None:
    settings = WorkerSettings(keep_completed=Keep(count=2), lock_duration=5.0)
    runs: list[str] = []
    await queues.schedule(Sweep(), Schedule.every(0.01, limit=6))
    async with working(broker.url, prefix, sweepers(runs), settings):
        await eventually(lambda: len(runs) == 6)
    assert await ended(queues) == 2
    [record] = await queues.schedules(floors).list()
    assert (record.next_run, record.runs) == (None, 6)


async def test_declared_schedules_are_applied_once(queues: QueueService) -> None:
    [first] = await queues.apply_schedules([Sweep.contract()])
    assert first.record is not None
    assert (first.queue, first.id, first.changed, first.record.schedule) == ("floors", "sweep", True, HOURLY)
    [again] = await queues.apply_schedules([Sweep.contract()])
    assert not again.changed
    assert again.record is not None
    assert again.record.next_run == first.record.next_run
    assert await runs_to_come(queues) == 1


async def test_what_cannot_be_kept_is_refused_and_nothing_is_stored(queues: QueueService) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    with pytest.raises(InvalidSchedule, match="end="):
        await queues.schedule(Sweep(), Schedule.every(60.0, end=past))
    with pytest.raises(InvalidSchedule, match="id="):
        await queues.schedule(Sweep(), HOURLY, schedule_id="a:b")
    broken = Sweep()
    broken.failures = "many"  # type: ignore[assignment]
    with pytest.raises(InvalidPayload):
        await queues.schedule(broken, HOURLY)
    assert await queues.schedules(floors).list() == []
    assert await queues.inspect(floors).exists() is False


async def test_several_schedules_may_make_jobs_of_one_contract(queues: QueueService) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    await queues.schedule(Sweep(room="attic"), Schedule.every(60.0, start=tomorrow), schedule_id="attic")
    await queues.schedule(Sweep(room="cellar"), Schedule.cron("@daily"), schedule_id="cellar", priority=3)
    records = await queues.schedules("floors").list()
    assert {record.id: record.data for record in records} == {
        "attic": '{"room":"attic","failures":0}',
        "cellar": '{"room":"cellar","failures":0}',
    }
    assert await queues.unschedule(Sweep) is False
    assert await queues.unschedule(Sweep, schedule_id="attic") is True


async def _runs(queues: QueueService, job_id: str | None) -> bool:
    return await queues.inspect(floors).state(job_id or "") is JobState.ACTIVE


async def _is_delayed(queues: QueueService, job_id: str | None) -> bool:
    return await queues.inspect(floors).state(job_id or "") is JobState.DELAYED
