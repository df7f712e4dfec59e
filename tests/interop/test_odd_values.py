"""Whatever a handler returns, says or dies of, Node's QueueEvents goes on: one bad event would stop it."""

import asyncio

import pytest
from pydantic import JsonValue

from support.node_client import NodeClient
from support.waiting import eventually
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job, Queue
from toril.worker import Handlers, JobContext, WorkerFactory, WorkerSettings

pytestmark = pytest.mark.node

odd = Queue("odd")
ROUNDS = 10
TEXTS = {
    "empty": "",
    "unicode": "señor 😀 \u2028\u200f\U0010ffff",
    "control characters": "\u0000\u0007\u001b[31m\r\n",
    "half a character": "half \ud83d of it",
    "JSON": '{"a": [1, "}',
    "huge": "é" * 200_000,
}
NEST: JsonValue = None
for _ in range(150):
    NEST = [NEST]
VALUES: dict[str, JsonValue] = {
    **TEXTS,
    "nothing": None,
    "a nest": {"": [[], {}, [{"a": [None, False, -0.0, 1e300, 2**70]}]]},
    "a deep nest": NEST,
    "no number": float("nan"),
    "endless": {"a": float("inf")},
}


class Return(Job[JsonValue], queue=odd, name="return"):
    what: str


class Report(Job[None], queue=odd, name="report"):
    what: str


class Fail(Job[None], queue=odd, name="fail"):
    what: str


handlers = Handlers()


@handlers.handles(Return)
async def give_back(job: Return, context: JobContext) -> JsonValue:
    return VALUES[job.what]


@handlers.handles(Report)
async def report(job: Report, context: JobContext) -> None:
    await context.progress(0.5, TEXTS[job.what])
    await context.log(TEXTS[job.what])


@handlers.handles(Fail)
async def fail(job: Fail, context: JobContext) -> None:
    raise ValueError(TEXTS[job.what])


async def test_no_odd_value_stops_the_events_of_node(
    node: NodeClient, queues: QueueService, broker: EmbeddedBroker, prefix: str
) -> None:
    jobs: list[Return | Report | Fail] = []
    for _ in range(ROUNDS):
        jobs += [Return(what=what) for what in VALUES]
        jobs += [kind(what=what) for what in TEXTS for kind in (Report, Fail)]
    await node.call("events", queue="odd")
    factory = WorkerFactory(broker.url, handlers, prefix=prefix)
    async with factory.create(odd, settings=WorkerSettings(concurrency=5)) as worker:
        running = asyncio.create_task(worker.run())
        handles = [await queues.enqueue(job) for job in jobs]
        last = await queues.enqueue(Return(what="nothing"))
        await eventually(lambda: _ended(node, len(handles) + 1), timeout=40, every=0.1)
        worker.stop()
        await running
    events = await node.call("events", queue="odd")
    ended = {fields["jobId"]: name for name, fields in events if name in ("completed", "failed")}
    assert ended.keys() == {last.job_id, *(handle.job_id for handle in handles)}
    refused = {
        job.what
        for job, handle in zip(jobs, handles, strict=True)
        if not isinstance(job, Fail) and ended[handle.job_id] == "failed"
    }
    assert refused == {"no number", "endless", "half a character"}


async def _ended(node: NodeClient, wanted: int) -> bool:
    counts = await node.on_queue("odd", "getJobCounts", "completed", "failed")
    return counts["completed"] + counts["failed"] == wanted
