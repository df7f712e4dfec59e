"""One schedule, kept by Node and by us in turns: set, listed, continued, recovered and removed by either."""

import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.instructions import Act, Instructed, work
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.sweeping import HOURLY, Stop, Sweep, floors, stopping_worker
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Queue, Schedule
from toril.types import JobState
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

PENDING = (JobState.WAITING, JobState.DELAYED, JobState.PRIORITIZED)
TURNS = 20
QUICK = WorkerSettings(lock_duration=0.5, stalled_interval=0.2)
NODE_QUICK = {"lockDuration": 500, "stalledInterval": 200}


async def pending(queues: QueueService, queue: Queue = work) -> int:
    counts = (await queues.inspect(queue).counts()).by_state
    return sum(counts[state] for state in PENDING)


async def the_one(queues: QueueService, queue: Queue = work) -> Any:
    """The one schedule there is; our list and its own record agree."""
    [record] = await queues.schedules(queue).list()
    assert await queues.schedules(queue).get(record.id) == record
    return record


@pytest.mark.parametrize("setter", ["node", "ours"])
async def test_twenty_turns_of_node_and_ours_leave_exactly_one_run_to_come(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str, setter: str
) -> None:
    if setter == "node":
        template = {"name": "act", "data": {"value": 1}}
        await node.on_queue("work", "upsertJobScheduler", "tick", {"every": 30}, template)
    else:
        await queues.schedule(Instructed(value=1), Schedule.every(0.03), schedule_id="tick")
    ran: list[str] = []
    for turn in range(TURNS):
        if turn % 2:
            async with our_worker(broker.url, prefix) as worker:
                await eventually(lambda: worker.starts)
            ran += [start.job_id for start in worker.starts]
        else:
            label = f"turn {turn}"
            await node.call("startWorker", queue="work", worker=label)
            await eventually(lambda: node.call("processed", worker=label))  # noqa: B023 - asked at once
            await node.call("stopWorker", worker=label)
            ran += [start["id"] for start in await node.call("processed", worker=label)]
        assert await pending(queues) == 1
        [listed] = await node.on_queue("work", "getJobSchedulers")
        assert listed["iterationCount"] == (await the_one(queues)).runs == len(ran) + 1
    assert len(ran) == len(set(ran))


async def test_both_fleets_at_once_run_each_iteration_once(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await queues.schedule(Instructed(value=1), Schedule.every(0.01), schedule_id="tick")
    seen: set[int] = set()
    async with AsyncExitStack() as stack:
        ours = [await stack.enter_async_context(our_worker(broker.url, prefix)) for _ in range(2)]
        for label in ("a", "b"):
            await node.call("startWorker", queue="work", worker=label)
        deadline = time.monotonic() + 20
        while min(len(ours[0].starts), len(await node.call("processed", worker="a"))) < 5:
            seen.add(await pending(queues))
            assert time.monotonic() < deadline
        assert await node.on_queue("work", "removeJobScheduler", "tick") is True
        for label in ("a", "b"):
            await node.call("stopWorker", worker=label)
    assert seen <= {0, 1}
    ran = [start.job_id for worker in ours for start in worker.starts]
    for label in ("a", "b"):
        ran += [start["id"] for start in await node.call("processed", worker=label)]
    assert len(ran) == len(set(ran))


async def test_node_lists_our_schedules_with_all_that_they_say(
    node: NodeClient, queues: QueueService
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    end = start + timedelta(days=300)
    cron = Schedule.cron("0 3 * * *", tz="Europe/Berlin", start=start, end=end, limit=7)
    steady = Schedule.every(60.0, offset=5.0, start=start)
    first = await queues.schedule(Instructed(value=1), cron, schedule_id="cron")
    second = await queues.schedule(Instructed(value=2), steady, schedule_id="steady", priority=3)
    assert first.next_run is not None
    assert second.next_run is not None
    listed = {each["key"]: each for each in await node.on_queue("work", "getJobSchedulers")}
    assert listed["cron"] | {"template": None, "offset": None} == {
        "key": "cron",
        "name": "act",
        "next": round(first.next_run.timestamp() * 1000),
        "iterationCount": 1,
        "limit": 7,
        "startDate": round(start.timestamp() * 1000),
        "endDate": round(end.timestamp() * 1000),
        "tz": "Europe/Berlin",
        "pattern": "0 3 * * *",
        "offset": None,
        "template": None,
    }
    assert listed["cron"]["template"]["data"]["value"] == 1
    steady_listed = await node.on_queue("work", "getJobScheduler", "steady")
    assert (steady_listed["every"], steady_listed["offset"]) == (60_000, 5_000)
    assert steady_listed["next"] == round(start.timestamp() * 1000)
    assert steady_listed["template"]["opts"]["priority"] == 3
    assert await node.on_queue("work", "getJobSchedulersCount") == 2


async def test_we_list_node_s_schedules_with_all_that_they_say(
    node: NodeClient, queues: QueueService
) -> None:
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    end = start + timedelta(days=300)
    dates = {"startDate": start.isoformat(), "endDate": end.isoformat(), "limit": 7}
    cron = {"pattern": "*/5 0 3 * * *", "tz": "America/New_York", **dates}
    await node.on_queue("work", "upsertJobScheduler", "cron", cron, {"name": "act", "data": {"value": 1}})
    steady = {"every": 60_000, "offset": 5_000, "limit": 7}
    await node.on_queue("work", "upsertJobScheduler", "steady", steady)
    records = {record.id: record for record in await queues.schedules(work).list()}
    assert records["cron"].schedule == Schedule.cron(
        "*/5 0 3 * * *", tz="America/New_York", start=start, end=end, limit=7
    )
    assert (records["cron"].name, records["cron"].data, records["cron"].runs) == ("act", '{"value":1}', 1)
    assert records["steady"].schedule == Schedule.every(60.0, offset=5.0, limit=7)
    for record in records.values():
        listed = await node.on_queue("work", "getJobScheduler", record.id)
        assert record.next_run == datetime.fromtimestamp(listed["next"] / 1000, UTC)


@pytest.mark.parametrize("remover", ["node", "ours"])
async def test_a_schedule_of_one_side_is_changed_and_removed_by_the_other(
    node: NodeClient, queues: QueueService, remover: str
) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    steady = Schedule.every(60.0, start=tomorrow)
    for _ in range(2):
        await queues.schedule(Instructed(value=1), steady, schedule_id="tick")
        assert await pending(queues) == 1
        every = {"every": 5_000, "startDate": round(tomorrow.timestamp() * 1000)}
        await node.on_queue("work", "upsertJobScheduler", "tick", every, {"name": "act"})
        assert await pending(queues) == 1
    if remover == "node":
        assert await node.on_queue("work", "removeJobScheduler", "tick") is True
        assert await queues.schedules(work).remove("tick") is False
    else:
        assert await queues.schedules(work).remove("tick") is True
        assert await node.on_queue("work", "removeJobScheduler", "tick") is False
    assert await pending(queues) == 0
    assert await node.on_queue("work", "getJobSchedulers") == []


async def test_our_worker_continues_a_node_schedule_as_node_would(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    """Its template's options, also those that we do not know, go from run to run; its limit ends it."""
    options = {"priority": 5, "removeOnComplete": {"count": 2}, "attempts": 3, "keepLogs": 4, "ours": "no"}
    repeat = {"pattern": "* * * * * *", "tz": "Asia/Tokyo", "limit": 3}
    template = {"name": "act", "data": {"value": "x", "log": ["a"] * 9}, "opts": options}
    await node.on_queue("work", "upsertJobScheduler", "tick", repeat, template)
    async with our_worker(broker.url, prefix) as worker:
        await eventually(lambda: len(worker.starts) == 3)
        # Were there a fourth run, it would be here within the second.
        await eventually(lambda: _completed(queues))
    assert await pending(queues) == 0
    ran = [start.job_id for start in worker.starts]
    assert [int(job_id.rsplit(":", 1)[1]) % 1000 for job_id in ran] == [0, 0, 0]
    assert await node.on_queue("work", "getJob", ran[0]) is None
    last = await node.on_queue("work", "getJob", ran[2])
    for option, value in options.items():
        assert last["opts"][option] == value
    repeat_of_last = {key: value for key, value in last["opts"]["repeat"].items() if value is not None}
    assert repeat_of_last == {**repeat, "count": 3}
    assert (last["repeatJobKey"], last["data"]["value"]) == ("tick", "x")
    assert (await node.on_queue("work", "getJobScheduler", "tick"))["iterationCount"] == 3


async def test_a_node_worker_continues_our_schedule(node: NodeClient, queues: QueueService) -> None:
    await queues.schedule(Instructed(value=1), Schedule.every(0.05, limit=4), schedule_id="tick", priority=2)
    await node.call("startWorker", queue="work", worker="worker")
    await eventually(lambda: _count_is(queues, JobState.COMPLETED, 4))
    await node.call("stopWorker", worker="worker")
    assert await pending(queues) == 0
    record = await the_one(queues)
    assert (record.next_run, record.runs, record.schedule.limit) == (None, 4, 4)


async def test_a_cron_pattern_of_node_that_begins_at_once_is_continued(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    repeat = {"pattern": "0 3 * * *", "tz": "Europe/Berlin", "immediately": True}
    await node.on_queue("work", "upsertJobScheduler", "tick", repeat, {"name": "act"})
    async with our_worker(broker.url, prefix) as worker:
        await eventually(lambda: worker.starts)
    record = await the_one(queues)
    assert record.next_run.astimezone(UTC).hour in (1, 2)
    assert (record.runs, await pending(queues)) == (2, 1)


@pytest.mark.parametrize("stop", Stop)
async def test_a_node_worker_takes_over_from_our_worker_that_was_killed(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str, stop: Stop
) -> None:
    record = await queues.schedule(Sweep(), HOURLY)
    async with stopping_worker(broker.url, prefix, stop) as doomed:
        await eventually(lambda: _stopped(queues, record.next_job_id, stop))
        doomed.kill()
        await doomed.wait()
    await node.call("startWorker", queue="floors", worker="rescuer", options=NODE_QUICK)
    await eventually(lambda: node.call("processed", worker="rescuer"))
    await node.call("stopWorker", worker="rescuer")
    assert ((await the_one(queues, floors)).runs, await pending(queues, floors)) == (2, 1)


async def test_our_worker_takes_over_from_a_node_worker_that_was_killed(
    major: str, node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    await queues.schedule(Instructed(act=Act.HANG_FIRST), HOURLY, schedule_id="tick")
    async with NodeClient(major, broker.url, prefix) as doomed:
        await doomed.call("startWorker", queue="work", worker="doomed", options=NODE_QUICK)
        await eventually(lambda: doomed.call("processed", worker="doomed"))
        await doomed.kill()
    async with our_worker(broker.url, prefix, QUICK) as worker:
        await eventually(lambda: worker.starts)
    assert ((await the_one(queues)).runs, await pending(queues)) == (2, 1)


async def test_node_refuses_to_remove_the_run_that_is_to_come(node: NodeClient, queues: QueueService) -> None:
    record = await queues.schedule(Instructed(value=1), Schedule.cron("@yearly"), schedule_id="tick")
    with pytest.raises(Exception, match="belongs to a job scheduler"):
        await node.on_job("work", record.next_job_id or "", "remove")
    assert await pending(queues) == 1


async def _completed(queues: QueueService) -> bool:
    # Two are kept.
    return await _count_is(queues, JobState.COMPLETED, 2)


async def _count_is(queues: QueueService, state: JobState, count: int) -> bool:
    return (await queues.inspect(work).counts()).by_state[state] == count


async def _stopped(queues: QueueService, job_id: str | None, stop: Stop) -> bool:
    """Whether the worker that is to be killed has come to where it stops."""
    if stop is Stop.AFTER_CONTINUING:
        return (await the_one(queues, floors)).runs == 2
    return await queues.inspect(floors).state(job_id or "") is JobState.ACTIVE
