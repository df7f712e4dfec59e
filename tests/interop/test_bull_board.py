"""bull-board shows the jobs that our side added and worked on, and steers them: our side sees what it did."""

import json
import time
from datetime import UTC, datetime

import pytest

from support.bull_board import BoardRefused, BullBoard
from support.instructions import Act, Instructed
from support.node_client import NodeClient
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import JobFailed, QueueService
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.inspect import QueueInspector
from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed
from toril.bull.queue import JobQueue, NewJob
from toril.jobs import Child, Flow
from toril.types import JobState, Schedule
from toril.types.job_options import JobOptions
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

HOUR = 3600.0
THEN = "then"
WAITS = JobOptions(delay=2 * HOUR)


@pytest.fixture
async def board(node: NodeClient) -> BullBoard:
    """bull-board on the queue `work`."""
    return BullBoard(await node.call("startBoard", queues=["work"]), "work")


@pytest.fixture
async def inspector(queues: QueueService) -> QueueInspector:
    return queues.inspect("work")


@pytest.fixture
async def old_jobs(connection: Connection, prefix: str) -> dict[str, list[str]]:
    """Jobs of an hour ago, by their state: bull-board cleans none that is younger than five seconds."""
    keys, then = QueueKeys("work", prefix=prefix), time.time() - HOUR
    queue = JobQueue(connection, keys)
    intake = Intake(connection, keys, worker_id=THEN, worker_name=THEN, lock_duration=30.0)

    async def add(*each: JobOptions) -> list[str]:
        return await queue.add([NewJob("act", b"{}", options) for options in each], now=then)

    ended = await add(*[JobOptions()] * 4)
    await intake.settle_and_take([], 4, now=then, token=THEN)
    await intake.settle_and_take(
        [
            *[Completed(job_id, THEN, b'"done"', None) for job_id in ended[:2]],
            *[Failed(job_id, THEN, "it failed", (), 1, None) for job_id in ended[2:]],
        ],
        0,
        now=then,
        token=THEN,
    )
    return {
        "completed": ended[:2],
        "failed": ended[2:],
        "delayed": await add(WAITS, WAITS),
        "prioritized": await add(JobOptions(priority=2), JobOptions(priority=2)),
        "waiting": await add(JobOptions(), JobOptions()),
    }


async def test_it_lists_the_queue_with_our_jobs_in_every_state_and_our_worker(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(name="paquiro", concurrency=1)) as worker:
        completed = await queues.enqueue(Instructed(value=1))
        failed = await queues.enqueue(Instructed(act=Act.THROW))
        await completed.result(timeout=20)
        with pytest.raises(JobFailed):
            await failed.result(timeout=20)
        active = await queues.enqueue(Instructed(seconds=1.0))
        await eventually(lambda: len(worker.starts) == 3)
        waiting = await queues.enqueue(Instructed())
        delayed = await queues.enqueue(Instructed(), delay=HOUR)
        prioritized = await queues.enqueue(Instructed(), priority=5)
        jobs = {
            status: await board.jobs(status)
            for status in ("completed", "failed", "active", "waiting", "delayed", "prioritized")
        }
        queue = await board.queue()
        [presence] = (await board.get("workers"))["workers"]
        await active.result(timeout=20)
    assert jobs == {
        "completed": [completed.job_id],
        "failed": [failed.job_id],
        "active": [active.job_id],
        "waiting": [waiting.job_id],
        "delayed": [delayed.job_id],
        "prioritized": [prioritized.job_id],
    }
    assert {status: queue["counts"][status] for status in jobs} == dict.fromkeys(jobs, 1)
    assert queue["hasWorkers"]
    assert presence["name"] == "paquiro"
    assert not queue["isPaused"]


async def test_it_shows_what_a_job_was_given_how_far_it_came_and_what_it_returned(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    value = {"text": "señor 😀", "nothing": None}
    async with our_worker(broker.url, prefix, WorkerSettings(name="paquiro")):
        handle = await queues.enqueue(Instructed(value=value, progress=(0.5, 0.75), log=("uno", "dós")))
        assert await handle.result(timeout=20) == value
    answer = await board.get(handle.job_id)
    job = answer["job"]
    assert answer["status"] == "completed"
    assert (job["name"], job["data"]["value"], job["returnValue"]) == ("act", value, value)
    assert (job["progress"], job["attempts"], job["processedBy"]) == (75, 1, "paquiro")
    assert job["timestamp"] <= job["processedOn"] <= job["finishedOn"]
    assert not job["isFailed"]
    assert await board.get(handle.job_id, "logs") == ["uno", "dós"]


async def test_it_shows_why_a_job_failed_at_our_worker(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        handle = await queues.enqueue(Instructed(act=Act.THROW, message="¡no! 😡"))
        with pytest.raises(JobFailed):
            await handle.result(timeout=20)
    job = (await board.get(handle.job_id))["job"]
    assert job["isFailed"]
    assert job["failedReason"].endswith("¡no! 😡")
    assert "instructions.py" in job["stacktrace"][0]


async def test_it_shows_our_flow_as_a_tree(board: BullBoard, queues: QueueService) -> None:
    children = [Child(Instructed(number=number)) for number in range(2)]
    handle = await queues.enqueue_flow(Flow(Instructed(value="parent"), children=children))
    tree = (await board.get(handle.job_id, "flow"))["flowRoot"]
    assert (tree["id"], tree["state"]) == (handle.job_id, "waiting-children")
    assert [child["state"] for child in tree["children"]] == ["waiting", "waiting"]
    assert tree["dependencies"]["unprocessed"] == 2


async def test_it_shows_what_our_worker_counted(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(metrics_minutes=60)):
        for handle in await queues.enqueue_many(Instructed() for _ in range(3)):
            await handle.result(timeout=20)
    assert (await board.get("metrics"))["completed"]["meta"]["count"] == 3


async def test_it_changes_and_removes_our_schedule(
    board: BullBoard, queues: QueueService, inspector: QueueInspector
) -> None:
    await queues.schedule(Instructed(), Schedule.every(2 * HOUR, start=datetime(2090, 1, 1, tzinfo=UTC)))
    [schedule] = json.loads(await board.page("/api/job-schedulers?queueName=work"))["schedulers"]
    assert (schedule["id"], schedule["every"]) == ("act", 7_200_000)
    assert await inspector.state(schedule["nextRunJobId"]) is JobState.DELAYED
    await board.press("job-schedulers", "act", body={"every": 3_600_000}, method="PATCH")
    assert [record.schedule.interval for record in await queues.schedules("work").list()] == [HOUR]
    await board.press("job-schedulers", "act", "remove")
    assert await queues.schedules("work").list() == []


async def test_its_pages_cover_all_our_jobs(board: BullBoard, queues: QueueService) -> None:
    handles = await queues.enqueue_many(Instructed(number=number) for number in range(25))
    pages = [await board.queue("waiting", page=page) for page in (1, 2, 3)]
    assert pages[0]["pagination"]["pageCount"] == 3
    listed = [job["id"] for page in pages for job in page["jobs"]]
    assert sorted(listed, key=int) == [handle.job_id for handle in handles]


async def test_it_has_a_page_for_the_browser_and_knows_the_server(board: BullBoard) -> None:
    assert "<title>Bull Dashboard</title>" in await board.page("/")
    assert '"backend":"redis"' in await board.page("/api/redis/stats")


async def test_a_failed_job_that_it_retries_runs_at_our_worker(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        handle = await queues.enqueue(Instructed(act=Act.THROW_FIRST, value="at last"))
        with pytest.raises(JobFailed):
            await handle.result(timeout=20)
        await board.press(handle.job_id, "retry")
        assert await handle.result(timeout=20) == "at last"
    with pytest.raises(BoardRefused, match="NOT_FOUND"):
        await board.press("nobody", "retry")


@pytest.mark.parametrize("status", ["failed", "completed"])
async def test_all_that_it_retries_runs_again(
    board: BullBoard,
    queues: QueueService,
    inspector: QueueInspector,
    broker: EmbeddedBroker,
    prefix: str,
    status: str,
) -> None:
    """More than one page of it."""
    act = Act.THROW_FIRST if status == "failed" else Act.RETURN
    async with our_worker(broker.url, prefix, WorkerSettings(concurrency=20)) as worker:
        await queues.enqueue_many(Instructed(act=act) for _ in range(130))
        await eventually(lambda: _count(inspector, JobState(status), 130))
        await board.press("pause")
        assert await board.press("retry", status) == {"retried": 130, "skipped": 0}
        await board.press("resume")
        await eventually(lambda: _count(inspector, JobState.COMPLETED, 130))
    assert len(worker.starts) == 260


async def test_a_delayed_job_that_it_promotes_runs_at_once(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    promoted = await queues.enqueue(Instructed(value="now"), delay=HOUR)
    others = [await queues.enqueue(Instructed(value="now"), delay=HOUR) for _ in range(3)]
    async with our_worker(broker.url, prefix) as worker:
        await board.press(promoted.job_id, "promote")
        assert await promoted.result(timeout=20) == "now"
        assert len(worker.starts) == 1
        await board.press("promote")
        for handle in others:
            assert await handle.result(timeout=20) == "now"


async def test_it_removes_a_job_and_is_refused_one_that_runs(
    board: BullBoard, queues: QueueService, inspector: QueueInspector, broker: EmbeddedBroker, prefix: str
) -> None:
    removed = await queues.enqueue(Instructed(), delay=HOUR)
    await board.press(removed.job_id, "clean")
    assert await inspector.state(removed.job_id) is None
    async with our_worker(broker.url, prefix) as worker:
        running = await queues.enqueue(Instructed(seconds=0.5, value="done"))
        await eventually(lambda: worker.starts)
        with pytest.raises(BoardRefused, match="JOB_IS_ACTIVE"):
            await board.press(running.job_id, "clean")
        assert await running.result(timeout=20) == "done"
    await board.press(running.job_id, "clean")
    assert await inspector.state(running.job_id) is None


async def test_it_cleans_each_state_and_leaves_the_others(
    board: BullBoard, inspector: QueueInspector, old_jobs: dict[str, list[str]]
) -> None:
    kept = {state: len(ids) for state, ids in old_jobs.items()}
    for state in old_jobs:
        # BullMQ's own word for it.
        await board.press("clean", "wait" if state == "waiting" else state)
        kept[state] = 0
        counts = (await inspector.counts()).by_state
        assert {each: counts[JobState(each)] for each in kept} == kept


async def test_it_empties_a_queue_of_what_waits(
    board: BullBoard, inspector: QueueInspector, old_jobs: dict[str, list[str]]
) -> None:
    await board.press("empty")
    counts = (await inspector.counts()).by_state
    left = {state.value for state, count in counts.items() if count}
    assert left == {"completed", "failed", "delayed"}


async def test_it_pauses_our_worker_and_lets_it_go_on(
    board: BullBoard, queues: QueueService, inspector: QueueInspector, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix) as worker:
        await board.press("pause")
        assert (await inspector.counts()).paused
        handles = [await queues.enqueue(Instructed(value=value)) for value in range(3)]
        assert (await board.queue())["isPaused"]
        assert worker.starts == []
        await board.press("resume")
        assert [await handle.result(timeout=20) for handle in handles] == [0, 1, 2]
    assert not (await inspector.counts()).paused


async def test_a_job_that_it_adds_runs_at_our_worker(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        form = {"name": "act", "data": {"value": "by hand"}, "options": {"priority": 3}}
        added = await board.press("add", body=form, method="POST")
        handle = queues.handle(Instructed, added["job"]["id"])
        assert await handle.result(timeout=20) == "by hand"


async def test_what_it_changes_of_a_job_holds_at_our_worker(
    board: BullBoard, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    slow, fast = [await queues.enqueue(Instructed(value="old"), priority=9) for _ in range(2)]
    later = await queues.enqueue(Instructed(value="old"), delay=HOUR)
    await board.press(fast.job_id, "priority", body={"priority": 1}, method="PATCH")
    await board.press(fast.job_id, "update-data", body={"jobData": {"value": "new"}}, method="PATCH")
    await board.press(later.job_id, "delay", body={"runAt": round(time.time() * 1000)}, method="PATCH")
    async with our_worker(broker.url, prefix, WorkerSettings(concurrency=1)) as worker:
        assert await later.result(timeout=20) == "old"
        assert await slow.result(timeout=20) == "old"
        assert await fast.result(timeout=20) == "new"
    order = [start.job_id for start in worker.starts if start.job_id != later.job_id]
    assert order == [fast.job_id, slow.job_id]


async def test_it_says_how_many_of_our_jobs_may_run_and_start(
    board: BullBoard, queues: QueueService, inspector: QueueInspector, broker: EmbeddedBroker, prefix: str
) -> None:
    await board.press("concurrency", body={"concurrency": 1})
    await board.press("rate-limit", body={"max": 3, "duration": 3_600_000})
    await queues.enqueue_many(Instructed(seconds=0.05) for _ in range(5))
    async with our_worker(broker.url, prefix):
        await eventually(lambda: _count(inspector, JobState.COMPLETED, 3))
        queue = await board.queue()
        assert queue["globalConcurrency"] == 1
        assert queue["activeRateLimitTtl"] > 3_500_000
    await board.press("rate-limit", body={"max": None})
    await board.press("rate-limit", "release")
    assert (await board.queue())["activeRateLimitTtl"] == 0
    async with our_worker(broker.url, prefix):
        await eventually(lambda: _count(inspector, JobState.COMPLETED, 5))


async def test_it_destroys_a_queue_of_ours(
    board: BullBoard, inspector: QueueInspector, old_jobs: dict[str, list[str]]
) -> None:
    with pytest.raises(BoardRefused, match="NOT_PAUSED"):
        await board.press("obliterate", body={"force": False})
    await board.press("pause")
    await board.press("obliterate", body={"force": False})
    assert not await inspector.exists()
    assert sum((await inspector.counts()).by_state.values()) == 0


async def _count(inspector: QueueInspector, state: JobState, wanted: int) -> bool:
    return (await inspector.counts()).by_state[state] == wanted
