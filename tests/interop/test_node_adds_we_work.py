"""Node adds, our worker works, and Node sees nothing that its own worker would have done otherwise."""

from collections.abc import AsyncIterator

import pytest

from support.instructions import Start
from support.node_client import NodeClient, NodeError
from support.our_worker import OurWorker, our_worker
from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.worker import WorkerSettings

pytestmark = pytest.mark.node

VALUES = {
    "null": None,
    "an empty text": "",
    "zero": 0,
    "false": False,
    "a large whole number": 2**53 - 1,
    "a fraction": -1.5e-7,
    "unicode": "señor 😀 \u0000\u2028\u200f\U0010ffff",
    "escapes": 'a "quoted" \\ \r\n\t </script>',
    "an empty list": [],
    "an empty object": {},
    "a nest": {"a": [{"": [None, [], {}]}]},
    "a megabyte": "é" * 500_000,
}


@pytest.fixture
async def worker(broker: EmbeddedBroker, prefix: str) -> AsyncIterator[OurWorker]:
    """Our worker on the queue `work`, one job at a time."""
    async with our_worker(broker.url, prefix, WorkerSettings(name="paquiro")) as running:
        yield running


@pytest.fixture
async def sleeper(
    broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[OurWorker]:
    """Our worker, which only a marker wakes: by itself it looks for jobs every 100 s."""
    monkeypatch.setattr("toril.worker.intake.LONGEST_SLEEP", 100.0)
    async with our_worker(broker.url, prefix) as running:
        yield running


async def test_node_gets_what_our_worker_returned(node: NodeClient, worker: OurWorker) -> None:
    job_id = await node.add("work", "act", {"value": {"text": "olé"}})
    assert await node.wait_until_finished("work", job_id) == {"text": "olé"}
    job = await node.on_queue("work", "getJob", job_id)
    assert job["returnvalue"] == {"text": "olé"}
    assert (job["attemptsMade"], job["attemptsStarted"]) == (1, 1)
    assert job["processedBy"] == "paquiro"
    assert job["timestamp"] <= job["processedOn"] <= job["finishedOn"]
    assert await node.on_job("work", job_id, "getState") == "completed"


async def test_any_json_value_comes_back_as_it_went(node: NodeClient, worker: OurWorker) -> None:
    """QueueEvents ends for good at a value that it cannot read: each next one shows that it did not."""
    for kind, value in VALUES.items():
        job_id = await node.add("work", "act", {"value": value})
        assert await node.wait_until_finished("work", job_id) == value, kind
    assert len(worker.starts) == len(VALUES)


async def test_node_learns_why_a_job_failed(node: NodeClient, worker: OurWorker) -> None:
    job_id = await node.add("work", "act", {"act": "throw", "message": "¡no! 😡"})
    with pytest.raises(NodeError, match="¡no! 😡"):
        await node.wait_until_finished("work", job_id)
    job = await node.on_queue("work", "getJob", job_id)
    assert "¡no! 😡" in job["failedReason"]
    assert len(job["stacktrace"]) == 1
    assert "in follow" in job["stacktrace"][0]
    assert (job["attemptsMade"], job["attemptsStarted"], job["processedBy"]) == (1, 1, "paquiro")
    assert job["processedOn"] <= job["finishedOn"]
    assert job["returnvalue"] is None
    assert await node.on_job("work", job_id, "getState") == "failed"


async def test_retries_follow_the_backoff_that_node_gave(node: NodeClient, worker: OurWorker) -> None:
    data = {"act": "throw-first", "times": 2, "value": 3}
    backoff = {"type": "exponential", "delay": 100}
    job_id = await node.add("work", "act", data, attempts=5, backoff=backoff)
    assert await node.wait_until_finished("work", job_id) == 3
    assert worker.starts == [Start(job_id, attempt, None) for attempt in (1, 2, 3)]
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["attemptsStarted"], len(job["stacktrace"])) == (3, 3, 2)
    # 100 ms, then 200 ms: it cannot have ended earlier.
    assert job["finishedOn"] - job["timestamp"] >= 300


async def test_attempts_without_backoff_follow_at_once_until_they_are_used_up(
    node: NodeClient, worker: OurWorker
) -> None:
    job_id = await node.add("work", "act", {"act": "throw"}, attempts=3)
    with pytest.raises(NodeError, match="it failed"):
        await node.wait_until_finished("work", job_id)
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["attemptsStarted"], len(job["stacktrace"])) == (3, 3, 3)


async def test_an_unrecoverable_failure_leaves_the_other_attempts(
    node: NodeClient, worker: OurWorker
) -> None:
    job_id = await node.add("work", "act", {"act": "throw-unrecoverable"}, attempts=3)
    with pytest.raises(NodeError, match="it failed"):
        await node.wait_until_finished("work", job_id)
    assert len(worker.starts) == 1


async def test_stack_traces_are_limited_as_node_says(node: NodeClient, worker: OurWorker) -> None:
    job_id = await node.add("work", "act", {"act": "throw"}, attempts=4, stackTraceLimit=2)
    with pytest.raises(NodeError):
        await node.wait_until_finished("work", job_id)
    assert len((await node.on_queue("work", "getJob", job_id))["stacktrace"]) == 2


async def test_a_payload_that_does_not_fit_fails_at_once_and_names_the_field(
    node: NodeClient, worker: OurWorker
) -> None:
    job_id = await node.add("work", "act", {"times": "many"}, attempts=5)
    with pytest.raises(NodeError, match="times"):
        await node.wait_until_finished("work", job_id)
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["data"]) == (1, {"times": "many"})
    assert worker.starts == []


async def test_our_idle_worker_starts_a_job_at_once(node: NodeClient, sleeper: OurWorker) -> None:
    for priority in (0, 0, 1):
        await eventually(lambda: node.call("isIdle", queue="work"))
        job_id = await node.add("work", "act", {"value": priority}, priority=priority)
        assert await node.wait_until_finished("work", job_id) == priority


async def test_our_idle_worker_starts_a_delayed_job_when_it_is_due(
    node: NodeClient, sleeper: OurWorker
) -> None:
    await eventually(lambda: node.call("isIdle", queue="work"))
    job_id = await node.add("work", "act", {"value": 1}, delay=300)
    assert await node.on_job("work", job_id, "getState") == "delayed"
    assert await node.wait_until_finished("work", job_id) == 1
    job = await node.on_queue("work", "getJob", job_id)
    assert job["processedOn"] - job["timestamp"] >= 300
    assert job["delay"] == 0


async def test_our_worker_takes_priorities_and_places_as_node_means_them(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    meant = ["lifo", "first", "second", "urgent", "usual", "usual as well", "late"]
    options = {
        "late": {"priority": 2_097_151},
        "usual": {"priority": 10},
        "usual as well": {"priority": 10},
        "urgent": {"priority": 1},
        "first": {},
        "second": {},
        "lifo": {"lifo": True},
    }
    ids = {await node.add("work", "act", {}, **each): job for job, each in options.items()}
    async with our_worker(broker.url, prefix) as worker:
        await eventually(lambda: len(worker.starts) == len(meant))
    assert [ids[start.job_id] for start in worker.starts] == meant


async def test_custom_ids_are_kept_and_added_once(node: NodeClient, worker: OurWorker) -> None:
    job_id = await node.add("work", "act", {"value": 1}, jobId="toro-1/ñ 😀")
    assert job_id == "toro-1/ñ 😀"
    assert await node.wait_until_finished("work", job_id) == 1
    assert await node.add("work", "act", {"value": 2}, jobId=job_id) == job_id
    assert await node.wait_until_finished("work", job_id) == 1
    assert len(worker.starts) == 1


async def test_finished_jobs_stay_as_long_as_node_says(node: NodeClient, worker: OurWorker) -> None:
    gone = await node.add("work", "act", {"value": 1}, removeOnComplete=True)
    kept = [await node.add("work", "act", {"value": 1}, removeOnComplete=2) for _ in range(4)]
    failed = await node.add("work", "act", {"act": "throw"}, removeOnFail=True)
    last = await node.add("work", "act", {"value": 1}, removeOnComplete={"count": 2, "age": 3600})
    assert await node.wait_until_finished("work", last) == 1
    assert await node.on_queue("work", "getJob", gone) is None
    assert await node.on_queue("work", "getJob", failed) is None
    completed = await node.on_queue("work", "getJobs", ["completed"])
    assert [job["id"] for job in completed] == [last, kept[-1]]


async def test_progress_and_logs_arrive_at_node(node: NodeClient, worker: OurWorker) -> None:
    job_id = await node.add("work", "act", {"progress": [0.25, 1.0], "log": ["uno", "dós 😀", ""]})
    await node.wait_until_finished("work", job_id)
    job = await node.on_queue("work", "getJob", job_id)
    assert job["progress"] == 100
    logs = await node.on_queue("work", "getJobLogs", job_id)
    assert (logs["logs"], logs["count"]) == (["uno", "dós 😀", ""], 3)
