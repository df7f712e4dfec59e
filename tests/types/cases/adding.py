"""Jobs that are added once, with keys for one or for many, and jobs without a contract."""

from datetime import UTC, datetime
from typing import Any, assert_type

from toril.backend import JobHandle, JobHandles, QueueService
from toril.jobs import Deduplicate, Job, Keep, Queue, exponential

kiln = Queue("types-adding-kiln", size_limit=1_000_000, log_limit=100, stack_trace_limit=3)


class Bake(Job[int], queue=kiln, name="bake", size_limit=5_000):
    clay: str


def by_clay(job: Bake) -> Deduplicate | None:
    return Deduplicate(job.clay, ttl=5.0, extend=True, replace=True)


def by_number(number: int) -> int:
    return number


async def add_once(queues: QueueService) -> None:
    handle = await queues.enqueue(
        Bake(clay="white"), deduplicate=Deduplicate("white", keep_last=True), enqueued_at=datetime.now(UTC)
    )
    assert_type(handle, JobHandle[int])
    assert_type(handle.is_new, bool)

    jobs = [Bake(clay="white"), Bake(clay="red")]
    assert_type(await queues.enqueue_many(jobs, deduplicate=by_clay), JobHandles[int])
    await queues.enqueue_many(jobs, deduplicate=Deduplicate("clay"))
    await queues.enqueue_many(jobs, deduplicate=lambda job: Deduplicate(str(job)))

    await queues.enqueue(Bake(clay="white"), deduplicate="white")  # error: Deduplicate
    await queues.enqueue(Bake(clay="white"), enqueued_at=7.5)  # error: datetime
    await queues.enqueue_many(jobs, deduplicate=by_number)  # error: Deduplicate
    Deduplicate("white", ttl="5 s")  # error: reportArgumentType arg-type
    Deduplicate(5)  # error: reportArgumentType arg-type
    Deduplicate()  # error: reportCallIssue call-arg


async def add_raw(queues: QueueService) -> None:
    handle = await queues.enqueue_raw(
        "mail",
        "send",
        {"to": ["ana"]},
        attempts=3,
        backoff=exponential(1.0),
        keep_failed=Keep(age=60.0, limit=10),
    )
    assert_type(handle, JobHandle[Any])
    assert_type(queues.handle_raw(kiln, "7"), JobHandle[Any])
    await queues.enqueue_raw(kiln, "bake")  # error: reportCallIssue call-arg
    await queues.enqueue_raw(Bake, "bake", 1)  # error: Queue
    await queues.enqueue_raw(kiln, "bake", 1, attempts="3")  # error: attempts
