"""Whatever goes wrong is told as a problem, and nothing of what is behind the gateway is told with it."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import pytest
from httpx2 import AsyncClient

from support.gateway import gateway_client, problem_name, served
from support.waiting import eventually
from toril.backend.http import GatewaySettings
from toril.backend.http.problems import TABLE
from toril.bull.embedded import EmbeddedBroker

GUIDE = Path(__file__).parents[2] / "docs" / "gateway.md"
RED = {"colour": "red"}
PAINT = "/jobs/paint/paint"


@pytest.mark.parametrize("path", ["/", "/nope", "/jobs", "/jobs/paint", "/queues/paint/nope", "//", "/%00"])
async def test_an_address_that_is_none_is_told(client: AsyncClient, path: str):
    missing = await client.get(path)

    assert (missing.status_code, problem_name(missing)) == (404, "unknown-route")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("PUT", "/queues", "GET"), ("PATCH", "/jobs/paint/1", "DELETE"), ("GET", "/jobs:batch", "POST")],
)
async def test_a_method_that_an_address_does_not_take_is_told(
    client: AsyncClient, method: str, path: str, allowed: str
):
    refused = await client.request(method, path)

    assert (refused.status_code, problem_name(refused)) == (405, "method-not-allowed")
    assert allowed in refused.headers["allow"]


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        ("/queues", "application/xml", 406),
        ("/queues", "text/html, application/*;q=0.5", 200),
        ("/queues", "", 200),
        ("/queues", "*/*", 200),
        ("/metrics", "application/json", 406),
        ("/jobs/paint/1/events", "application/json", 406),
    ],
)
async def test_an_answer_that_a_client_does_not_accept_is_not_made(
    client: AsyncClient, path: str, accept: str, status: int
):
    await client.post(PAINT, json=RED)
    answer = await client.get(path, headers={"accept": accept})

    assert answer.status_code == status
    assert status == 200 or problem_name(answer) == "not-acceptable"


async def test_a_request_that_does_not_arrive_is_told_so(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("toril.backend.http.requests.bodies.READ_WITHIN", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(
        b"POST /jobs/paint/paint HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    )
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 408")
    assert b"request-timeout" in answer


async def test_a_request_that_drips_in_is_told_so(client: AsyncClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toril.backend.http.requests.bodies.ALL_WITHIN", 0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(
        b"POST /jobs/paint/paint HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
    )
    answering = asyncio.create_task(reader.readline())
    async with asyncio.timeout(20):
        while not answering.done():
            writer.write(b" ")
            await asyncio.wait([answering], timeout=0.02)
    writer.close()

    assert answering.result().startswith(b"HTTP/1.1 408")


async def test_a_batch_that_stops_coming_is_answered_so_far_and_told_so(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("toril.backend.http.requests.bodies.READ_WITHIN", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(
        b"POST /jobs:batch HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/x-ndjson\r\nContent-Length: 100\r\n\r\n{}\n{"
    )
    async with asyncio.timeout(20):
        await reader.readuntil(b'"line":1,"status":422')
        await reader.readuntil(b'"line":2,"status":408')
    writer.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nX: 1"])
async def test_headers_that_do_not_come_end_the_connection(
    broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch, sent: bytes
):
    monkeypatch.setattr("toril.backend.http.bounded_protocol.HEAD_WITHIN", 0.05)
    async with served(broker.url, prefix) as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(sent)
        async with asyncio.timeout(20):
            assert await reader.read() == b""
        writer.close()


async def test_headers_are_bounded_in_size(client: AsyncClient):
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
    with suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await writer.drain()
        async with asyncio.timeout(20):
            assert await reader.read() == b""
    writer.close()
    headers = {"x": "x" * 30_000}
    assert [(await client.get("/healthz", headers=headers)).status_code for _ in range(5)] == [200] * 5


@pytest.mark.timeout(120)
async def test_a_broker_that_is_gone_is_told_without_its_address(server: Path):
    with EmbeddedBroker(port=0, program=server) as broker:
        async with gateway_client(broker.url, "bull") as client:
            await client.post(PAINT, json=RED)
            port = broker.url.rpartition(":")[2].partition("/")[0]
            broker.stop()
            paths = ("/result", "/logs", "/events")
            answers = await asyncio.gather(
                client.post(PAINT, json=RED),
                client.delete("/jobs/paint/1"),
                *(client.get(f"/jobs/paint/1{path}") for path in paths),
                *(client.get(path) for path in ("/queues", "/queues/paint/events", "/readyz", "/metrics")),
            )
            batch = await client.post(
                "/jobs:batch",
                content=b'{"queue":"paint","name":"paint","data":{"colour":"red"}}',
                headers={"content-type": "application/x-ndjson"},
            )
            alive = await client.get("/healthz")

    for answer in answers:
        assert (answer.status_code, problem_name(answer)) == (503, "broker-unavailable")
        assert answer.headers["retry-after"] == "1"
        assert port not in answer.text
    assert '"status":503' in batch.text
    assert alive.status_code == 200


async def test_a_fault_of_ours_is_logged_and_not_told(
    broker: EmbeddedBroker, prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    async with served(broker.url, prefix) as gateway, AsyncClient(base_url=gateway.url) as client:

        def fail(*_: object) -> None:
            raise RuntimeError("the password is hunter2")

        monkeypatch.setattr(gateway.app.state.gateway.queues, "inspect", fail)
        answer = await client.get("/queues")

    assert (answer.status_code, problem_name(answer)) == (500, "internal-error")
    assert "hunter2" not in answer.text
    assert "hunter2" in caplog.text


async def test_a_client_that_leaves_waits_no_longer(broker: EmbeddedBroker, prefix: str):
    async with served(broker.url, prefix, settings=GatewaySettings()) as gateway:
        occupancy = gateway.app.state.gateway.occupancy
        reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
        writer.write(
            b"POST /jobs/paint/paint?wait=60 HTTP/1.1\r\nHost: localhost\r\n"
            b'Content-Type: application/json\r\nContent-Length: 16\r\n\r\n{"colour":"red"}'
        )
        await eventually(lambda: occupancy.under_way["request"] == 1)
        writer.close()
        await eventually(lambda: occupancy.under_way["request"] == 0)
        del reader


def test_the_guide_names_every_problem_with_its_status():
    rows = re.findall(r"^\| (\d{3}) \| `([a-z-]+)` \|", GUIDE.read_text(), re.MULTILINE)

    assert {(int(status), name) for status, name in rows} == {(row.status, row.name) for row in TABLE}
