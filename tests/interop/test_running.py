"""What a worker may do beside ending a job, seen from Node: moves, limits, backoffs, logs, metrics."""

import json
import time

import pytest
from pydantic import JsonValue

from support.instructions import Act, Instructed, InstructedFailure, instructed_handlers, work
from support.node_client import NodeClient, NodeError
from support.our_worker import our_worker
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job, Retry, custom
from toril.types import JobRecord
from toril.worker import Handlers, JobContext, RateLimit, WorkerFactory, WorkerSettings

pytestmark = pytest.mark.node

LIMIT = RateLimit(jobs=5, duration=0.4)
JOBS = 40


async def test_node_sees_a_job_that_moved_itself_to_delayed(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        job_id = await node.add("work", "act", {"act": "delay-first", "hold": 60, "value": "later"})
        await eventually(lambda: _is_in(node, job_id, "delayed"))
        job = await node.on_queue("work", "getJob", job_id)
        assert (job["delay"], job["attemptsMade"], job["attemptsStarted"]) == (60_000, 0, 1)
        await node.on_job("work", job_id, "promote")
        assert await node.wait_until_finished("work", job_id) == "later"
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["attemptsStarted"]) == (1, 2)


async def test_a_node_worker_goes_on_with_a_job_that_ours_put_off(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        job_id = await node.add("work", "act", {"act": "delay-first", "hold": 60, "value": "done"})
        await eventually(lambda: _is_in(node, job_id, "delayed"))
    await node.on_job("work", job_id, "promote")
    await node.call("startWorker", queue="work", worker="node")
    assert await node.wait_until_finished("work", job_id) == "done"
    [start] = await node.call("processed", worker="node")
    assert (start["attemptsMade"], start["attemptsStarted"]) == (0, 2)


async def test_a_limit_that_our_handler_asks_for_holds_at_node(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    """Node's workers heed a manual limit where they have one of their own; ours always do."""
    async with our_worker(broker.url, prefix):
        job_id = await node.add("work", "act", {"act": "limit-first", "hold": 2.0, "value": 1})
        await eventually(lambda: _is_limited(node))
    held = await node.on_queue("work", "getRateLimitTtl", 1)
    assert 0 < held <= 2000
    before = await node.on_queue("work", "getJob", job_id)
    await node.call(
        "startWorker", queue="work", worker="node", options={"limiter": {"max": 10, "duration": 50}}
    )
    assert await node.wait_until_finished("work", job_id) == 1
    after = await node.on_queue("work", "getJob", job_id)
    assert after["processedOn"] - before["processedOn"] >= 1900
    assert (after["attemptsMade"], after["attemptsStarted"]) == (1, 2)


async def test_a_limit_that_node_sets_by_hand_holds_at_ours_and_ends(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    before = time.time()
    await node.on_queue("work", "rateLimit", 800)
    job_id = await node.add("work", "act", {"value": 1})
    async with our_worker(broker.url, prefix):
        assert await node.wait_until_finished("work", job_id) == 1
    started = (await node.on_queue("work", "getJob", job_id))["processedOn"]
    assert started / 1000 - before >= 0.75


async def test_a_limit_that_node_lifts_is_over_for_ours(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    await node.on_queue("work", "rateLimit", 600_000)
    job_id = await node.add("work", "act", {"value": 1})
    await node.on_queue("work", "removeRateLimitKey")
    async with our_worker(broker.url, prefix):
        assert await node.wait_until_finished("work", job_id) == 1


async def test_a_shared_rate_limit_holds_over_both_fleets(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    handles = await queues.enqueue_many(Instructed(number=number) for number in range(JOBS))
    limiter = {"max": LIMIT.jobs, "duration": round(LIMIT.duration * 1000)}
    await node.call(
        "startWorker", queue="work", worker="node", options={"limiter": limiter, "concurrency": 10}
    )
    async with our_worker(broker.url, prefix, WorkerSettings(concurrency=10, limit=LIMIT)) as ours:
        for handle in handles:
            await handle.result(timeout=30)
    theirs = await node.call("processed", worker="node")
    assert len(ours.starts) + len(theirs) == JOBS
    starts = sorted([(await handle.record()).started_at for handle in handles])
    # A window begins with its first job, and holds 5: eleven starts in a row lie in three windows at least.
    tolerance = 0.2  # a start is noted before Redis hears of it
    spans = [later - earlier for earlier, later in zip(starts, starts[2 * LIMIT.jobs :], strict=False)]
    assert min(spans).total_seconds() >= LIMIT.duration - tolerance
    assert (starts[-1] - starts[0]).total_seconds() >= (JOBS / LIMIT.jobs - 1) * LIMIT.duration - tolerance


async def test_a_backoff_of_node_s_own_is_made_by_the_strategy_of_that_name(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    handlers = instructed_handlers([])
    asked: list[tuple[int, str]] = []

    @handlers.backoff("mine")
    def mine(attempts_made: int, error: BaseException) -> float | None:
        asked.append((attempts_made, str(error)))
        return 0.1 if attempts_made < 3 else None

    async with our_worker(broker.url, prefix, handlers=handlers):
        options = {"attempts": 9, "backoff": {"type": "mine"}}
        job_id = await node.add("work", "act", {"act": "throw"}, **options)
        with pytest.raises(NodeError, match="it failed"):
            await node.wait_until_finished("work", job_id)
    assert asked == [(1, "it failed"), (2, "it failed"), (3, "it failed")]
    job = await node.on_queue("work", "getJob", job_id)
    assert (job["attemptsMade"], job["failedReason"]) == (3, f"{InstructedFailure.__name__}: it failed")


POLITE = Retry(attempts=3, backoff=custom("polite"))


class Polite(Job[JsonValue], queue=work, name="act-politely", retry=POLITE):
    """Names a backoff that Node's worker makes."""

    act: Act = Act.THROW_FIRST
    times: int = 2
    value: int = 7


async def test_a_node_worker_makes_the_backoff_that_our_contract_names(
    node: NodeClient, queues: QueueService
) -> None:
    await node.call("startWorker", queue="work", worker="node", pauses=[60_000, 50])
    handle = await queues.enqueue(Polite())
    await eventually(lambda: _is_in(node, handle.job_id, "delayed"))
    assert (await handle.record()).delay == 60.0
    await node.on_job("work", handle.job_id, "promote")
    assert await handle.result(timeout=20) == 7
    assert [start["attemptsMade"] for start in await node.call("processed", worker="node")] == [0, 1, 2]


async def test_a_job_started_too_often_fails_with_the_words_of_node(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    """`maxStartedAttempts` of Node's worker: the same job, the same words, the same counts."""
    reasons = []
    for fleet in ("ours", "node"):
        queue = "work" if fleet == "ours" else "elsewhere"
        job_id = await node.add(queue, "act", {"act": "delay-first", "hold": 0.0}, attempts=5)
        if fleet == "ours":
            async with our_worker(broker.url, prefix, WorkerSettings(most_starts=1)):
                with pytest.raises(NodeError) as failed:
                    await node.wait_until_finished(queue, job_id)
        else:
            options = {"maxStartedAttempts": 1}
            await node.call("startWorker", queue=queue, worker="node", options=options)
            with pytest.raises(NodeError) as failed:
                await node.wait_until_finished(queue, job_id)
        job = await node.on_queue(queue, "getJob", job_id)
        reasons.append((str(failed.value), job["failedReason"], job["attemptsMade"], job["attemptsStarted"]))
    assert reasons[0] == reasons[1]
    assert reasons[0][1:] == ("job started more than allowable limit", 1, 2)


async def test_a_log_keeps_as_many_lines_as_node_says(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        data = {"log": ["one", "two", "three", "four"]}
        job_id = await node.add("work", "act", data, keepLogs=2)
        await node.wait_until_finished("work", job_id)
    logs = await node.on_queue("work", "getJobLogs", job_id)
    assert (logs["logs"], logs["count"]) == (["three", "four"], 2)


async def test_node_reads_the_metrics_that_our_worker_counts(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix, WorkerSettings(metrics_minutes=60)):
        for _ in range(3):
            await node.wait_until_finished("work", await node.add("work", "act", {}))
        with pytest.raises(NodeError):
            await node.wait_until_finished("work", await node.add("work", "act", {"act": "throw"}))
    assert (await node.on_queue("work", "getMetrics", "completed"))["meta"]["count"] == 3
    assert (await node.on_queue("work", "getMetrics", "failed"))["meta"]["count"] == 1


async def test_a_worker_counts_nothing_unless_it_is_told_to(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    async with our_worker(broker.url, prefix):
        await node.wait_until_finished("work", await node.add("work", "act", {}))
    assert (await node.on_queue("work", "getMetrics", "completed"))["meta"]["count"] == 0


async def test_our_worker_runs_whatever_node_adds(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    handlers = Handlers()

    @handlers.otherwise(work)
    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        await context.log(job.name)
        return {"name": job.name, "data": json.loads(job.data)}

    async with our_worker(broker.url, prefix, handlers=handlers):
        for name, data in (
            ("never heard of", {"a": [1, None]}),
            ("señor 😀", "text"),
            ("", None),
            ("x" * 1000, 7),
        ):
            job_id = await node.add("work", name, data)
            assert await node.wait_until_finished("work", job_id) == {"name": name, "data": data}
            assert (await node.on_queue("work", "getJobLogs", job_id))["logs"] == [name]


async def test_a_job_of_node_s_is_taken_by_hand(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    factory = WorkerFactory(broker.url, Handlers(), prefix=prefix)
    job_id = await node.add("work", "act", {"value": 1}, priority=5)
    async with factory.take(work) as job:
        assert job is not None
        assert (job.record.id, job.record.priority) == (job_id, 5)
        assert await node.on_job("work", job_id, "getState") == "active"
        await job.complete({"by": "hand"})
    assert await node.wait_until_finished("work", job_id) == {"by": "hand"}


async def test_a_run_of_a_schedule_is_taken_by_hand_and_the_schedule_goes_on(
    node: NodeClient, broker: EmbeddedBroker, prefix: str
) -> None:
    factory = WorkerFactory(broker.url, Handlers(), prefix=prefix)
    await node.on_queue("work", "upsertJobScheduler", "nightly", {"every": 86_400_000}, {"name": "act"})
    async with factory.take(work, timeout=10.0) as job:
        assert job is not None
        await job.complete()
    counts = await node.on_queue("work", "getJobCounts", "completed", "delayed")
    assert counts == {"completed": 1, "delayed": 1}


async def _is_in(node: NodeClient, job_id: str, state: str) -> bool:
    return await node.on_job("work", job_id, "getState") == state


async def _is_limited(node: NodeClient) -> bool:
    return await node.on_queue("work", "getRateLimitTtl", 1) > 0
