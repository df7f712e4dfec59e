"""Server-sent events of queues and jobs: without a gap, resumed, ended, and cheap."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest
from httpx2 import AsyncClient

from support.gateway import SentEvent, gateway_client, problem_name, sent_events, served
from support.jobs import Paint
from support.waiting import eventually
from support.workshop import running_worker
from toril.backend import QueueService
from toril.backend.http import GatewaySettings
from toril.backend.http.ending import Ending
from toril.backend.http.streams.following import following
from toril.backend.http.streams.streamed import EventStream
from toril.backend.services.watcher import MOST_UNREAD_EVENTS_OF_A_QUEUE
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.types import EventKind
from toril.worker import WorkerSettings

PAINT = "/jobs/paint/paint"
RED = {"colour": "red"}
ALL_EVENTS = "/queues/paint/events"


@asynccontextmanager
async def stream(
    client: AsyncClient, path: str, after: str | None = None
) -> AsyncIterator[AsyncIterator[SentEvent]]:
    headers = {} if after is None else {"last-event-id": after}
    async with client.stream("GET", path, headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        async with aclosing(sent_events(answer.aiter_lines())) as events:
            yield events


async def read(client: AsyncClient, path: str, after: str | None = None) -> list[SentEvent]:
    """All events of a stream that ends."""
    async with stream(client, path, after) as events:
        return [event async for event in events]


async def take(events: AsyncIterator[SentEvent], count: int) -> list[SentEvent]:
    async with asyncio.timeout(20):
        return [await anext(events) for _ in range(count)]


async def test_a_job_is_followed_until_it_ends(client: AsyncClient, broker: EmbeddedBroker, prefix: str):
    job = (await client.post(PAINT, json=RED | {"seconds": 0.1})).headers["location"]
    async with stream(client, f"{job}/events") as events:
        [standing] = await take(events, 1)
        async with running_worker(broker.url, prefix), asyncio.timeout(20):
            told = [event async for event in events]

    assert (standing.name, standing.data["state"]) == ("standing", "waiting")
    assert [event.name for event in told] == ["active", "progress", "completed"]
    assert told[1].data["progress"] == {
        "fraction": 0.5,
        "note": "half way",
        "value": told[1].data["progress"]["value"],
    }
    assert told[2].data["result"] == {"colour": "red", "attempt": 1}


async def test_a_stream_of_a_job_that_has_ended_tells_so_and_ends(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with running_worker(broker.url, prefix):
        done = await client.post(PAINT, json=RED, params={"wait": 20})
    [standing] = await read(client, f"{done.headers['location']}/events")
    heard = await client.get(
        f"{done.headers['location']}/events", headers={"last-event-id": standing.id or ""}
    )

    assert (standing.name, standing.data["state"]) == ("standing", "completed")
    # A browser that comes back is told to stay away.
    assert heard.status_code == 204


async def test_a_job_that_is_removed_ends_its_stream(client: AsyncClient):
    job = (await client.post(PAINT, json=RED)).headers["location"]
    async with stream(client, f"{job}/events") as events:
        await take(events, 1)
        await client.delete(job)
        async with asyncio.timeout(20):
            told = [event async for event in events]

    assert [event.name for event in told] == ["removed"]


async def test_a_stream_goes_on_after_the_event_that_was_heard_last(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with stream(client, ALL_EVENTS) as events:
        await client.post(PAINT, json=RED)
        heard = await take(events, 2)
    async with running_worker(broker.url, prefix):
        await client.post(PAINT, json=RED, params={"wait": 20})
    async with stream(client, ALL_EVENTS, after=heard[-1].id) as events:
        missed = await take(events, 6)
        while sum(event.name == "completed" for event in missed) < 2:
            missed += await take(events, 1)
        await client.post(PAINT, json=RED)
        live = await take(events, 2)

    assert [event.name for event in heard] == ["added", "waiting"]
    ids = [event.id or "" for event in heard + missed + live]
    assert ids == sorted(ids, key=lambda each: tuple(map(int, each.split("-"))))
    # Between the two jobs the queue may have been empty.
    names = [event.name for event in missed if event.name != "drained"]
    assert sorted(names) == sorted(["active", "completed", "added", "waiting", "active", "completed"])
    assert live[-1].name in ("added", "waiting", "drained")


async def test_a_job_is_followed_from_the_event_that_was_heard_last(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    job = (await client.post(PAINT, json=RED)).headers["location"]
    async with stream(client, f"{job}/events") as events:
        [standing] = await take(events, 1)
    async with running_worker(broker.url, prefix):
        await client.get(f"{job}/result", params={"wait": 20})
    told = await read(client, f"{job}/events", after=standing.id)

    assert [event.name for event in told] == ["active", "completed"]


async def test_who_comes_back_too_late_is_told_that_something_is_missing(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with stream(client, ALL_EVENTS) as events:
        await client.post(PAINT, json=RED)
        heard = await take(events, 2)
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        for _ in range(3):
            await client.post(PAINT, json=RED)
        await queues._open_session().asking.execute("XTRIM", queues.inspect("paint").keys.events, "MAXLEN", 2)
    async with stream(client, ALL_EVENTS, after=heard[-1].id) as events:
        gap, *rest = await take(events, 3)

    assert (gap.name, gap.id) == ("gap", None)
    assert gap.data == {"after": heard[-1].id, "oldest": rest[0].id}
    assert [event.name for event in rest] == ["added", "waiting"]


async def test_who_knows_a_stream_that_is_lost_is_told_so_and_hears_all_there_is(client: AsyncClient):
    await client.post(PAINT, json=RED)
    async with stream(client, ALL_EVENTS, after="9999999999999-0") as events:
        told = await take(events, 3)

    assert [event.name for event in told] == ["gap", "added", "waiting"]


async def test_zero_is_all_that_there_still_is(client: AsyncClient):
    await client.post(PAINT, json=RED)
    async with stream(client, ALL_EVENTS, after="0") as events:
        told = await take(events, 2)

    assert [event.name for event in told] == ["added", "waiting"]


@pytest.mark.parametrize("after", ["x", "-1", "1-", "1" * 20, "1\u00b2".encode()])
async def test_an_id_that_is_none_is_refused(client: AsyncClient, after: str | bytes):
    refused = await client.get(ALL_EVENTS, headers=[("last-event-id", after)])

    assert (refused.status_code, problem_name(refused)) == (422, "invalid-request")


async def test_a_stream_in_which_nothing_happens_gives_signs_of_life(broker: EmbeddedBroker, prefix: str):
    async with (
        gateway_client(broker.url, prefix, settings=GatewaySettings(heartbeat=0.01)) as client,
        client.stream("GET", ALL_EVENTS) as answer,
        asyncio.timeout(20),
    ):
        lines = answer.aiter_lines()
        signs = 0
        while signs < 3:
            signs += (await anext(lines)).startswith(":")


async def test_events_of_ones_own_cannot_forge_others(
    client: AsyncClient, broker: EmbeddedBroker, prefix: str
):
    async with QueueService.connect(broker.url, prefix=prefix) as queues:
        await queues.publish_event("paint", "x\nevent: completed", {"note": "a\r\n\r\ndata: b"})
    async with stream(client, ALL_EVENTS, after="0") as events:
        [told] = await take(events, 1)

    assert told.name == "unknown"
    assert told.data["name"] == "x\nevent: completed"
    assert told.data["fields"] == {"note": "a\r\n\r\ndata: b"}


async def test_more_events_than_a_follower_can_take_are_read_from_redis(broker: EmbeddedBroker, prefix: str):
    jobs = MOST_UNREAD_EVENTS_OF_A_QUEUE // 2 + 1
    async with (
        QueueService.connect(broker.url, prefix=prefix) as queues,
        following(queues, "paint", None, None) as follower,
    ):
        await queues.enqueue_many(Paint(colour="red") for _ in range(jobs))
        await eventually(lambda: None in follower._subscription._unread)
        coming = follower.coming(heartbeat=20)
        told = [await anext(coming) for _ in range(2 * jobs)]
        await queues.enqueue(Paint(colour="blue"))
        told += [await anext(coming) for _ in range(2)]

    added = [event.job_id for event in told if event.kind is EventKind.ADDED]
    assert added == [str(number) for number in range(1, jobs + 2)]
    assert len({event.id for event in told}) == len(told) == 2 * jobs + 2


async def test_a_gateway_that_is_stopped_ends_its_streams_and_waits(broker: EmbeddedBroker, prefix: str):
    async with served(broker.url, prefix) as gateway, AsyncClient(base_url=gateway.url, timeout=30) as client:
        waiting = asyncio.create_task(client.post(PAINT, json=RED, params={"wait": 60}))
        async with stream(client, ALL_EVENTS) as events:
            await eventually(lambda: len(gateway.app.state.gateway.ending._scopes) == 2)
            gateway.server.stop()
            async with asyncio.timeout(20):
                assert [event async for event in events if event.name == "completed"] == []
                assert (await waiting).status_code == 202


async def test_no_more_streams_are_opened_than_there_is_room_for(broker: EmbeddedBroker, prefix: str):
    async with gateway_client(broker.url, prefix, settings=GatewaySettings(most_streams=1)) as client:
        async with stream(client, ALL_EVENTS):
            refused = await client.get(ALL_EVENTS)
            assert (await client.get("/queues")).status_code == 200

    assert (refused.status_code, problem_name(refused)) == (503, "overloaded")
    assert refused.headers["retry-after"] == "1"


async def test_a_client_that_takes_nothing_is_cut(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toril.backend.http.streams.streamed.SEND_WITHIN", 0.05)
    is_closed = asyncio.Event()

    async def source() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: more\n\n"
        finally:
            is_closed.set()

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()  # as uvicorn does whose client does not read

    async def receive() -> dict[str, object]:
        await asyncio.Event().wait()
        return {}

    stream = await EventStream.open(source(), Ending())
    async with asyncio.timeout(20):
        await stream({"type": "http"}, receive, send)
    assert is_closed.is_set()


@pytest.mark.timeout(180)
async def test_a_thousand_streams_cost_one_connection_to_redis(
    broker: EmbeddedBroker, prefix: str, connection: Connection
):
    async def connections() -> tuple[int, int]:
        """All of the gateway's, and those by which it follows events."""
        clients: bytes = await connection.execute("CLIENT", "LIST")
        return clients.count(b"name=toril-"), clients.count(b"name=toril-events")

    async with served(broker.url, prefix) as gateway, AsyncClient(base_url=gateway.url, timeout=60) as client:
        jobs = [(await client.post(PAINT, json=RED)).headers["location"] for _ in range(10)]
        open_streams = [
            await _open(gateway.url, path)
            for path in ([ALL_EVENTS] * 50 + [f"{job}/events" for job in jobs] * 10) * 7
        ]
        try:
            assert len(open_streams) == 1_050
            assert await connections() == (3, 1)
            async with running_worker(broker.url, prefix, settings=WorkerSettings()), asyncio.timeout(120):
                for reader, _, path in open_streams:
                    await reader.readuntil(b"event: completed\n")
                    if path != ALL_EVENTS:
                        assert b"0\r\n\r\n" in await reader.readuntil(b"0\r\n\r\n")
        finally:
            for _, writer, _ in open_streams:
                writer.close()


async def _open(url: str, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]), limit=2**20)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    assert b" 200 " in await reader.readline()
    await reader.readuntil(b"retry:")
    return reader, writer, path
