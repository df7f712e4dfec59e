"""Adding many jobs at once, as NDJSON that is streamed both ways."""

import asyncio
import json
from collections.abc import AsyncIterator

from httpx2 import AsyncClient

from support.gateway import NDJSON, gateway_client, problem_name
from toril.backend.http import GatewaySettings
from toril.bull.embedded import EmbeddedBroker

HEADERS = {"content-type": NDJSON}


def line(colour: str = "red", **more: object) -> bytes:
    return json.dumps({"queue": "paint", "name": "paint", "data": {"colour": colour}} | more).encode() + b"\n"


async def results(client: AsyncClient, content: bytes | AsyncIterator[bytes]) -> list[dict[str, object]]:
    answer = await client.post("/jobs:batch", content=content, headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == NDJSON
    return [json.loads(each) for each in answer.text.splitlines()]


async def test_each_line_is_answered_in_order(client: AsyncClient):
    told = await results(client, line() + b"\r\n" + line("blue", delay=60.0) + line("green").rstrip())

    assert [(each["line"], each["status"], each["id"]) for each in told] == [
        (1, 202, "1"),
        (3, 202, "2"),
        (4, 202, "3"),
    ]


async def test_a_line_that_cannot_be_added_does_not_harm_the_others(client: AsyncClient):
    lines = [
        line(),
        b"{nonsense\n",
        line(""),
        line(name="nope"),
        line(queue="nope"),
        line(priority=-1),
        line(surprise=1),
        b"\xff\n",
        line(),
    ]
    told = await results(client, b"".join(lines))

    assert [each["status"] for each in told] == [202, 422, 422, 404, 404, 422, 422, 422, 202]
    names = [str(each["problem"]["type"]).rpartition(":")[2] for each in told if "problem" in each]
    assert names[:4] == ["invalid-line", "invalid-payload", "unknown-job-name", "unknown-queue"]
    assert told[5]["problem"]["errors"][0]["path"] == "priority"
    assert (await client.get("/queues/paint")).json()["counts"]["waiting"] == 2


async def test_a_line_that_is_too_long_is_passed_over(broker: EmbeddedBroker, prefix: str):
    async def lines() -> AsyncIterator[bytes]:
        yield line()
        for _ in range(100):
            yield b"x" * 10_000
        yield b"\n" + line()

    async with gateway_client(broker.url, prefix, settings=GatewaySettings(largest_line=5_000)) as client:
        told = await results(client, lines())

    assert [each["status"] for each in told] == [202, 413, 202]


async def test_a_line_is_answered_before_the_next_one_is_sent(client: AsyncClient):
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(
        b"POST /jobs:batch HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for colour, job_id in (("red", b'"id":"1"'), ("blue", b'"id":"2"')):
        text = line(colour)
        writer.write(b"%x\r\n%s\r\n" % (len(text), text))
        async with asyncio.timeout(20):
            await reader.readuntil(job_id)
    writer.close()
    await writer.wait_closed()


async def test_lines_with_one_key_are_one_job(client: AsyncClient):
    told = await results(
        client,
        line(idempotency_key="k") + line(idempotency_key="k") + line("blue", idempotency_key="k"),
    )

    assert [each["status"] for each in told] == [202, 202, 422]
    assert told[0]["id"] == told[1]["id"]


async def test_many_jobs_go_in_bounded_parts(client: AsyncClient):
    async def lines() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield line() * 100

    told = await results(client, lines())
    assert {each["status"] for each in told} == {202}
    assert (await client.get("/queues/paint")).json()["counts"]["waiting"] == 10_000


async def test_a_batch_is_said_to_be_one(client: AsyncClient):
    refused = await client.post("/jobs:batch", content=line(), headers={"content-type": "application/json"})

    assert (refused.status_code, problem_name(refused)) == (415, "unsupported-media-type")
