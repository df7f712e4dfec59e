"""Who may call the gateway, and what browsers are kept from."""

import asyncio
import logging

import pytest
from httpx2 import AsyncClient

from support.gateway import NDJSON, gateway_client, problem_name, served
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend.api_keys import ApiKeys, Scope, new_key
from toril.backend.http import GatewaySettings
from toril.backend.http.occupancy import Work
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Job, Queue

RED = {"colour": "red"}
PAINT = "/jobs/paint/paint"


class Frame(Job[None], queue=Queue("gallery"), name="frame"):
    """A job of another queue."""


CONTRACTS = (Paint.contract(), Frame.contract())
OF_SCOPES = {
    Scope.ENQUEUE: [("POST", PAINT)],
    Scope.READ: [
        *(("GET", f"/jobs/paint/1{path}") for path in ("", "/result", "/logs", "/events")),
        *(("GET", f"/queues{path}") for path in ("", "/paint", "/paint/jobs", "/paint/schedules")),
        ("GET", "/metrics"),
    ],
    Scope.ADMIN: [
        ("DELETE", "/jobs/paint/1"),
        ("POST", "/jobs/paint/1/retry"),
        *(("POST", f"/queues/paint/{action}") for action in ("pause", "resume", "retry", "clean")),
        ("DELETE", "/queues/paint/schedules/x"),
    ],
}
OPEN = ("/healthz", "/readyz")


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


@pytest.mark.parametrize("scope", Scope)
async def test_a_key_allows_what_its_scope_says_and_nothing_else(
    broker: EmbeddedBroker, prefix: str, scope: Scope
):
    secret, key = new_key([scope])
    async with gateway_client(broker.url, prefix, contracts=CONTRACTS, keys=ApiKeys([key])) as client:
        for needed, requests in OF_SCOPES.items():
            for method, path in requests:
                answer = await client.request(method, path, headers=bearer(secret))
                assert (answer.status_code == 403) is (needed is not scope), f"{method} {path}"
                assert answer.status_code != 401


async def test_without_a_key_that_is_known_nothing_is_told(broker: EmbeddedBroker, prefix: str):
    secret, key = new_key(Scope)
    others = ("x", secret + "x", secret[:-1])
    wrong = [{}, *map(bearer, others), {"authorization": secret}]
    async with gateway_client(broker.url, prefix, keys=ApiKeys([key])) as client:
        for headers in wrong:
            for path in ("/queues", "/queues/nope", "/jobs/paint/1", "/metrics", "/openapi.json"):
                refused = await client.get(path, headers=headers)
                assert (refused.status_code, problem_name(refused)) == (401, "unauthorized")
                assert refused.headers["www-authenticate"] == "Bearer"
        assert [(await client.get(path)).status_code for path in OPEN] == [200, 200]
        assert (await client.get("/queues", headers={"authorization": f"bearer {secret}"})).status_code == 200


async def test_a_key_may_be_for_some_queues_only(broker: EmbeddedBroker, prefix: str):
    secret, key = new_key(Scope, queues=["gallery"])
    async with gateway_client(broker.url, prefix, contracts=CONTRACTS, keys=ApiKeys([key])) as client:
        client.headers = bearer(secret)
        refused = await client.post(PAINT, json=RED)
        listed = (await client.get("/queues")).json()
        metrics = (await client.get("/metrics")).text
        lines = b'{"queue":"paint","name":"paint","data":{}}\n{"queue":"gallery","name":"frame","data":{}}'
        batch = await client.post("/jobs:batch", content=lines, headers={"content-type": NDJSON})

    assert (refused.status_code, problem_name(refused)) == (403, "forbidden")
    assert [queue["name"] for queue in listed] == ["gallery"]
    assert 'queue="gallery"' in metrics
    assert 'queue="paint"' not in metrics
    assert [line.partition('"status":')[2][:3] for line in batch.text.splitlines()] == ["403", "202"]


async def test_stack_traces_are_for_those_who_may_do_everything(broker: EmbeddedBroker, prefix: str):
    secrets, keys = zip(new_key(Scope), new_key([Scope.READ]), strict=True)
    async with gateway_client(broker.url, prefix, keys=ApiKeys(keys)) as client:
        async with running_worker(broker.url, prefix):
            failing = {"colour": "transparent"}
            once = "/jobs/paint/paint-once"
            await client.post(once, json=failing, params={"wait": 20}, headers=bearer(secrets[0]))
        records = [(await client.get("/jobs/paint/1", headers=bearer(each))).json() for each in secrets]

    assert [len(record["stacktrace"]) for record in records] == [1, 0]
    assert {record["failed_reason"] for record in records} == {"Unrecoverable: nobody would see it"}


async def test_clients_cannot_come_upon_each_others_jobs_by_their_keys(broker: EmbeddedBroker, prefix: str):
    (one, first), (other, second) = new_key([Scope.ENQUEUE]), new_key([Scope.ENQUEUE])
    async with gateway_client(broker.url, prefix, keys=ApiKeys([first, second])) as client:
        answers = [
            await client.post(PAINT, json=RED, headers=bearer(secret) | {"idempotency-key": "1"})
            for secret in (one, other, one)
        ]

    assert [each.json()["is_new"] for each in answers] == [True, True, False]


async def test_one_key_cannot_have_all_the_room(broker: EmbeddedBroker, prefix: str):
    (greedy, first), (other, second) = new_key(Scope), new_key(Scope)
    settings = GatewaySettings(most_per_key=2)
    async with gateway_client(broker.url, prefix, keys=ApiKeys([first, second]), settings=settings) as client:
        async with (
            client.stream("GET", "/queues/paint/events", headers=bearer(greedy)),
            client.stream("GET", "/queues/paint/events", headers=bearer(greedy)),
        ):
            refused = await client.get("/queues", headers=bearer(greedy))
            served = await client.get("/queues", headers=bearer(other))
        client.headers = bearer(greedy)
        await eventually(lambda: _has_status(client, 200))

    assert (refused.status_code, problem_name(refused)) == (429, "too-many-requests")
    assert refused.headers["retry-after"] == "1"
    assert served.status_code == 200


async def test_more_requests_than_there_is_room_for_come_back_later(broker: EmbeddedBroker, prefix: str):
    settings = GatewaySettings(most_requests=1)
    async with (
        served(broker.url, prefix, settings=settings) as gateway,
        AsyncClient(base_url=gateway.url, timeout=30) as client,
    ):
        under_way = gateway.app.state.gateway.occupancy.under_way
        waiting = asyncio.create_task(client.post(PAINT, json=RED, params={"wait": 1}))
        await eventually(lambda: under_way[Work.REQUEST] == 1)
        refused = await client.get("/queues")
        assert (await waiting).status_code == 202
        assert (await client.get("/queues")).status_code == 200

    assert (refused.status_code, problem_name(refused)) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1", "[::1]:80"])
async def test_the_names_of_loopback_are_served(client: AsyncClient, host: str):
    assert (await client.get("/queues", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
async def test_web_pages_from_elsewhere_are_refused(client: AsyncClient, origin: str):
    for method, path in (("POST", "/queues/paint/pause"), ("GET", "/queues"), ("OPTIONS", PAINT)):
        refused = await client.request(method, path, headers={"origin": origin})
        assert (refused.status_code, problem_name(refused)) == (403, "foreign-origin")
    assert (await client.get("/queues/paint")).json()["paused"] is False


async def test_a_web_page_may_call_if_it_was_allowed_to(broker: EmbeddedBroker, prefix: str):
    origin = "https://app.example.org"
    settings = GatewaySettings(cors_origins=(origin,))
    async with gateway_client(broker.url, prefix, settings=settings) as client:
        asked = await client.options(
            PAINT, headers={"origin": origin, "access-control-request-method": "POST"}
        )
        added = await client.post(PAINT, json=RED, headers={"origin": origin})
        refused = await client.post(PAINT, json=RED, headers={"origin": "https://evil.example"})

    assert asked.headers["access-control-allow-origin"] == origin
    assert (added.status_code, added.headers["access-control-allow-origin"]) == (202, origin)
    assert "location" in added.headers["access-control-expose-headers"].lower()
    assert refused.status_code == 403


async def test_no_secret_is_logged(broker: EmbeddedBroker, prefix: str, caplog: pytest.LogCaptureFixture):
    secret, key = new_key([Scope.READ])
    with caplog.at_level(logging.DEBUG):
        async with gateway_client(broker.url, prefix, keys=ApiKeys([key])) as client:
            for path in ("/queues", "/nope", "/queues/nope"):
                await client.get(path, headers=bearer(secret))
    logged = "\n".join(record.getMessage() for record in caplog.records if record.name != "httpcore2")

    assert secret not in logged
    assert key.digest.hex() not in logged


async def _has_status(client: AsyncClient, status: int) -> bool:
    return (await client.get("/queues")).status_code == status
