"""Jobs without a contract: any JSON in, any JSON out."""

from typing import Any

import pytest

from support.jobs import Paint, Painted
from support.workshop import workshop
from toril.backend import InvalidJobOptions, InvalidQueueName, JobFailed, QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Deduplicate, InvalidPayload, InvalidPolicy, Keep, Queue, fixed


async def test_a_raw_job_reaches_a_handler_and_its_result_is_plain_json(
    broker: EmbeddedBroker, prefix: str
) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue_raw("paint", "paint", {"colour": "red", "failures": 1}, attempts=2)
        assert handle.is_new
        assert await handle.result(timeout=10) == {"colour": "red", "attempt": 2}
        assert await queues.handle(Paint, handle.job_id).result() == Painted(colour="red", attempt=2)
        assert await queues.handle_raw("paint", handle.job_id).result() == {"colour": "red", "attempt": 2}


async def test_a_raw_job_that_does_not_fit_its_contract_fails(broker: EmbeddedBroker, prefix: str) -> None:
    async with workshop(broker.url, prefix) as queues:
        handle = await queues.enqueue_raw("paint", "paint", {"colour": 7})
        with pytest.raises(JobFailed, match="colour"):
            await handle.result(timeout=10)


@pytest.mark.parametrize("data", [None, 7, "red", [], {}, {"nested": [{"ü": None}], "huge": 2**60}])
async def test_a_raw_job_carries_any_json(broker: EmbeddedBroker, prefix: str, data: Any) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue_raw(Queue("paint"), "anything", data)
        record = await handle.record()
        assert (record.name, record.contract_version) == ("anything", None)
        await handle.update_data(data)
        assert (await handle.record()).data == record.data


@pytest.mark.parametrize(
    "data", [float("nan"), {"x": [float("inf")]}, {1: 2}, (1, 2), b"bytes", Ellipsis, "\ud800"], ids=repr
)
async def test_what_is_no_json_is_refused_and_nothing_is_stored(
    broker: EmbeddedBroker, prefix: str, data: Any
) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(InvalidPayload):
            await queues.enqueue_raw("paint", "anything", data)
        assert not await queues.inspect("paint").exists()


async def test_every_option_is_kept(broker: EmbeddedBroker, prefix: str) -> None:
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        handle = await queues.enqueue_raw(
            "paint",
            "anything",
            1,
            attempts=4,
            backoff=fixed(2.0),
            delay=60.0,
            priority=3,
            job_id="mine",
            keep_completed=Keep(5),
            keep_failed=Keep(age=60.0, limit=7),
            size_limit=10,
            log_limit=20,
            stack_trace_limit=2,
            deduplicate=Deduplicate("red"),
        )
        record = await handle.record()
        assert (record.id, record.attempts, record.backoff) == ("mine", 4, fixed(2.0))
        assert (record.delay, record.priority) == (60.0, 3)
        assert (record.keep_completed, record.keep_failed) == (Keep(5), Keep(age=60.0, limit=7))
        assert record.deduplication_key == "red"
        assert not (await queues.enqueue_raw("paint", "other", 2, deduplicate=Deduplicate("red"))).is_new


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"size_limit": 3}, InvalidPayload),
        ({"size_limit": 0}, InvalidPolicy),
        ({"attempts": 0}, InvalidPolicy),
        ({"name": ""}, InvalidPolicy),
        ({"name": "x" * 501}, InvalidPolicy),
        ({"delay": -1.0}, InvalidJobOptions),
        ({"job_id": "7"}, InvalidJobOptions),
        ({"queue": "a:b"}, InvalidQueueName),
    ],
    ids=str,
)
async def test_bad_options_are_refused_and_nothing_is_stored(
    broker: EmbeddedBroker, prefix: str, options: dict[str, Any], error: type[Exception]
) -> None:
    given = {"queue": "paint", "name": "anything", "data": "long", **options}
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        with pytest.raises(error):
            await queues.enqueue_raw(**given)
        assert not await queues.inspect("paint").exists()
