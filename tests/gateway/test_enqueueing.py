"""Adding one job over HTTP, and waiting for what becomes of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from httpx2 import AsyncClient

from support.gateway import gateway_client, problem_name
from support.jobs import Paint, paint
from support.workshop import running_worker
from toril.backend import QueueService
from toril.backend.http import GatewaySettings
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job, Keep
from toril.types import JobState
from toril.worker import Handlers, JobContext

PAINT = "/jobs/paint/paint"
RED = {"colour": "red"}


class Vanishing(Job[None], queue=paint, name="vanishing", keep_completed=Keep(count=0)):
    """Of which nothing is kept."""


async def test_a_job_is_accepted_and_stands_in_its_queue(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    accepted = await client.post(PAINT, json=RED, params={"delay": 60, "priority": 3})

    assert accepted.status_code == 202
    assert accepted.json() == {"queue": "paint", "name": "paint", "id": "1", "is_new": True}
    assert accepted.headers["location"] == "/jobs/paint/1"
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        record = await queues.handle(Paint, "1").record()
    assert (record.state, record.delay, record.priority) == (JobState.DELAYED, 60.0, 3)


async def test_who_waits_gets_the_result(client: AsyncClient, broker: EmbeddedBroker, prefix: str):
    async with running_worker(broker.url, prefix):
        done = await client.post(PAINT, json=RED | {"failures": 1}, params={"wait": 20})

    assert done.status_code == 200
    assert done.json() == {"colour": "red", "attempt": 2}
    assert done.headers["location"] == "/jobs/paint/1"


async def test_who_waits_in_vain_gets_the_place_to_look_at(client: AsyncClient):
    accepted = await client.post(PAINT, json=RED, params={"wait": 0.05})

    assert accepted.status_code == 202
    assert accepted.headers["location"] == "/jobs/paint/1"


async def test_nobody_waits_longer_than_the_gateway_allows(broker: EmbeddedBroker, prefix: str):
    async with gateway_client(broker.url, prefix, settings=GatewaySettings(longest_wait=0.05)) as client:
        accepted = await client.post(PAINT, json=RED, params={"wait": 1e9})

    assert accepted.status_code == 202


async def test_who_waits_for_a_job_that_fails_is_told_why(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with running_worker(broker.url, prefix):
        failed = await client.post(
            "/jobs/paint/paint-once", json={"colour": "transparent"}, params={"wait": 20}
        )

    assert failed.status_code == 424
    assert problem_name(failed) == "job-failed"
    assert failed.json()["reason"] == "Unrecoverable: nobody would see it"
    assert failed.json()["job_id"] == "1"


async def test_a_payload_that_does_not_fit_is_told_field_by_field_and_nothing_is_stored(client: AsyncClient):
    refused = await client.post(PAINT, json={"colour": "", "failures": "many"})

    assert refused.status_code == 422
    assert problem_name(refused) == "invalid-payload"
    assert [each["path"] for each in refused.json()["errors"]] == ["colour", "failures"]
    assert "many" not in refused.text
    assert sum((await client.get("/queues/paint")).json()["counts"].values()) == 0


@pytest.mark.parametrize("body", [b"", b"{", b'{"colour": NaN}', b"[]", b"\xff", b"[" * 100_000])
async def test_what_is_no_json_is_refused(client: AsyncClient, body: bytes):
    refused = await client.post(PAINT, content=body, headers={"content-type": "application/json"})

    assert refused.status_code == 422
    assert problem_name(refused) == "invalid-payload"


@pytest.mark.parametrize(
    "parameters",
    [{"delay": -1}, {"delay": "nan"}, {"delay": "inf"}, {"priority": -1}, {"priority": 2**21}, {"wait": -1}],
)
async def test_options_out_of_range_are_refused(client: AsyncClient, parameters: dict[str, object]):
    refused = await client.post(PAINT, json=RED, params=parameters)

    assert refused.status_code == 422
    assert problem_name(refused) == "invalid-request"
    assert [each["path"] for each in refused.json()["errors"]] == [f"query.{next(iter(parameters))}"]


async def test_a_body_that_is_too_large_is_refused(broker: EmbeddedBroker, prefix: str):
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 10_000

    async with gateway_client(broker.url, prefix, settings=GatewaySettings(largest_body=10_000)) as client:
        for content in (b" " * 1_000_000, parts()):
            refused = await client.post(PAINT, content=content, headers={"content-type": "application/json"})
            assert refused.status_code == 413
            assert problem_name(refused) == "too-large"
        assert (await client.post(PAINT, json=RED)).status_code == 202


async def test_another_media_type_is_not_read(client: AsyncClient):
    refused = await client.post(PAINT, content=b"{}", headers={"content-type": "text/plain"})

    assert refused.status_code == 415
    assert problem_name(refused) == "unsupported-media-type"


async def test_the_same_key_answers_with_the_same_job(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    key = {"idempotency-key": "order-7"}
    answers = [await client.post(PAINT, json=RED, headers=key) for _ in range(2)]
    answers += await asyncio.gather(*(client.post(PAINT, json=RED, headers=key) for _ in range(10)))
    async with running_worker(broker.url, prefix):
        answers.append(await client.post(PAINT, json=RED, headers=key, params={"wait": 20}))

    assert [each.json().get("is_new") for each in answers] == [True, *[False] * 11, None]
    assert len({each.headers["location"] for each in answers}) == 1
    assert answers[-1].json() == {"colour": "red", "attempt": 1}
    assert (await client.get("/queues/paint")).json()["counts"]["completed"] == 1


async def test_a_key_outlasts_its_job(broker: EmbeddedBroker, prefix: str):
    runs: list[str] = []
    handlers = Handlers()

    @handlers.handles(Vanishing)
    async def vanish(job: Vanishing, context: JobContext) -> None:
        runs.append(context.job_id)

    key, address = {"idempotency-key": "order-8"}, "/jobs/paint/vanishing"
    async with (
        gateway_client(broker.url, prefix, contracts=[Vanishing.contract()]) as client,
        running_worker(broker.url, prefix, handlers=handlers),
    ):
        first = await client.post(address, json={}, headers=key, params={"wait": 20})
        again = await client.post(address, json={}, headers=key)
        waiting = await client.post(address, json={}, headers=key, params={"wait": 20})

    # Its last event is all that is left of it.
    assert (first.status_code, first.json()) == (waiting.status_code, waiting.json()) == (200, None)
    assert (again.headers["location"], again.json()["is_new"]) == (first.headers["location"], False)
    assert len(runs) == 1


async def test_a_key_is_free_once_its_job_was_cancelled(client: AsyncClient):
    key = {"idempotency-key": "order-9"}
    first = await client.post(PAINT, json=RED, headers=key)
    await client.delete(first.headers["location"])
    again = await client.post(PAINT, json=RED, headers=key)

    assert again.json()["is_new"] is True


async def test_the_same_key_with_another_payload_is_refused(client: AsyncClient):
    key = {"idempotency-key": "order-9"}
    await client.post(PAINT, json=RED, headers=key)
    refused = await client.post(PAINT, json={"colour": "blue"}, headers=key)
    alike = await client.post(
        PAINT, content=b'{ "colour" : "red" }', headers=key | {"content-type": "application/json"}
    )

    assert refused.status_code == 422
    assert problem_name(refused) == "idempotency-key-reused"
    assert alike.json()["is_new"] is False
    assert (await client.get("/queues/paint")).json()["counts"]["waiting"] == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "ü".encode()])
async def test_a_key_is_a_word_of_bounded_length(client: AsyncClient, key: str | bytes):
    refused = await client.post(PAINT, json=RED, headers=[("idempotency-key", key)])

    assert refused.status_code == 422
    assert problem_name(refused) == "invalid-request"


async def test_an_unknown_name_or_queue_is_told(client: AsyncClient):
    name = await client.post("/jobs/paint/nope", json=RED)
    queue = await client.post("/jobs/nope/paint", json=RED)

    assert (name.status_code, problem_name(name)) == (404, "unknown-job-name")
    assert "paint-once" in name.json()["detail"]
    assert (queue.status_code, problem_name(queue)) == (404, "unknown-queue")
