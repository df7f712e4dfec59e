"""Jobs without a contract at the worker: a queue's `otherwise` handler runs them."""

import json
from typing import Any

import pytest
from pydantic import JsonValue

from support.jobs import Mix, Paint, Painted, paint
from support.waiting import eventually
from support.workshop import is_in, workshop
from toril.backend import JobFailed
from toril.bull.embedded import EmbeddedBroker
from toril.types import JobRecord, JobState
from toril.worker import Handlers, JobContext


async def test_typed_and_raw_handlers_live_together_and_no_job_is_unknown(
    broker: EmbeddedBroker, prefix: str
) -> None:
    seen: list[JobRecord] = []
    handlers = Handlers()

    @handlers.handles(Paint)
    async def paint_it(job: Paint, context: JobContext) -> Painted:
        return Painted(colour=job.colour, attempt=context.attempt)

    @handlers.otherwise(paint)
    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        assert context.job_id == job.id
        seen.append(job)
        return int(json.loads(job.data)["answer"])

    async with workshop(broker.url, prefix, handlers=handlers) as queues:
        typed = await queues.enqueue(Paint(colour="red"))
        raw = await queues.enqueue(Mix(answer="7"))
        assert await typed.result(timeout=10) == Painted(colour="red", attempt=1)
        assert await raw.result(timeout=10) == 7
        record = await raw.record()
    assert (record.state, record.attempts_made) == (JobState.COMPLETED, 1)
    [job] = seen
    assert (job.queue, job.name, job.data, job.state) == ("paint", "mix", '{"answer":"7"}', JobState.ACTIVE)
    assert (job.attempts_started, job.enqueued_at) == (1, record.enqueued_at)


def answering(answer: Any) -> Handlers:
    handlers = Handlers()

    @handlers.otherwise(paint)
    async def anything(job: JobRecord, context: JobContext) -> JsonValue:
        return answer

    return handlers


@pytest.mark.parametrize("answer", [None, True, 7, 0.5, "señor 😀", [1, [2]], {"a": {"b": None}}])
async def test_any_json_value_is_a_result(broker: EmbeddedBroker, prefix: str, answer: JsonValue) -> None:
    async with workshop(broker.url, prefix, handlers=answering(answer)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        await eventually(lambda: is_in(handle, JobState.COMPLETED))
        stored = (await handle.record()).result
        assert stored is not None
        assert json.loads(stored) == answer


@pytest.mark.parametrize(
    "answer",
    [float("nan"), {"deep": [float("inf")]}, object(), {1, 2}, (1, 2), {1: 2}, b"bytes"],
    ids=["nan", "infinity", "object", "set", "tuple", "number as a key", "bytes"],
)
async def test_what_is_no_json_fails_the_job_and_is_not_stored(
    broker: EmbeddedBroker, prefix: str, answer: Any
) -> None:
    async with workshop(broker.url, prefix, handlers=answering(answer)) as queues:
        handle = await queues.enqueue(Paint(colour="red"))
        with pytest.raises(JobFailed, match="InvalidResult"):
            await handle.result(timeout=10)
        record = await handle.record()
        assert (record.result, record.attempts_made) == (None, 1)


async def test_a_job_of_any_name_may_have_a_result(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix, handlers=answering("done")) as queues:
        for name in ("x" * 500, "señor 😀\n"):
            handle = await queues.enqueue_raw("paint", name, None)
            assert await handle.result(timeout=10) == "done"
