"""Following a queue: every event once and in order, whatever stands in the stream and whatever Redis does."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.clients import is_blocked
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable, CommandRefused, InvalidEvent, InvalidQuery
from toril.bull.event_feed import MOST_UNREAD_EVENTS, EventFeed
from toril.bull.event_producer import publish_event
from toril.bull.keys import QueueKeys
from toril.types import EventKind, JobEvent

WITHIN = 20.0


@pytest.fixture
async def reading(broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    async with Connection(broker.url, client_name="reading") as connection:
        yield connection


async def say(connection: Connection, keys: QueueKeys, *names: str) -> list[str]:
    """Adds events of these names; answers with their ids."""
    return [
        (await connection.execute("XADD", keys.events, "*", "event", name, "jobId", "1")).decode()
        for name in names
    ]


async def take(feed: EventFeed, count: int) -> list[JobEvent]:
    async with asyncio.timeout(WITHIN):
        return [await anext(feed) for _ in range(count)]


async def names(feed: EventFeed, count: int) -> list[str]:
    return [event.name for event in await take(feed, count)]


async def test_it_begins_with_what_happens_from_now_on(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    await say(connection, keys, "added", "waiting")
    feed = await EventFeed.open(reading, keys)
    await say(connection, keys, "active", "completed")
    assert await names(feed, 2) == ["active", "completed"]


async def test_it_waits_for_the_first_event_of_a_queue_that_has_none(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    feed = await EventFeed.open(reading, keys)
    waiting = asyncio.create_task(names(feed, 1))
    await eventually(lambda: is_blocked(connection, "reading", "xread"))
    await say(connection, keys, "added")
    assert await waiting == ["added"]


async def test_it_goes_on_after_an_event(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    ids = await say(connection, keys, "added", "waiting", "active")
    for position, expected in ((ids[0], ["waiting", "active"]), ("0", ["added", "waiting", "active"])):
        assert await names(await EventFeed.open(reading, keys, position), len(expected)) == expected


async def test_its_last_id_is_where_another_goes_on(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    await say(connection, keys, *(f"event {number}" for number in range(3 * MOST_UNREAD_EVENTS)))
    seen: list[str] = []
    position = "0"
    while len(seen) < 3 * MOST_UNREAD_EVENTS:
        feed = await EventFeed.open(reading, keys, position)
        seen += await names(feed, 50)
        position = feed.last_id
    assert seen == [f"event {number}" for number in range(3 * MOST_UNREAD_EVENTS)]


@pytest.mark.parametrize(
    "after", ["", "$", "now", "-1", "1-", "1-2-3", "1.5", "\u0661", str(2**64), f"1-{2**64}"]
)
async def test_a_position_that_is_none_is_refused(reading: Connection, keys: QueueKeys, after: str) -> None:
    with pytest.raises(InvalidQuery, match="after"):
        await EventFeed.open(reading, keys, after)


async def test_it_stops_at_no_entry_that_it_cannot_read(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    broken: list[tuple[bytes, ...]] = [
        (b"jobId", b"1"),
        (b"event", b"\xff\xfe"),
        (b"event", b"completed", b"jobId", b"1", b"returnvalue", b"{\xff"),
        (b"event", b"progress", b"jobId", b"1", b"data", b"{no json"),
        (b"event", b"delayed", b"delay", b"soon"),
        (b"event", b"from the future", b"\x80", b"\x81"),
        (b"event", b"completed"),
    ]
    for fields in broken:
        await connection.execute("XADD", keys.events, "*", *fields)
    await say(connection, keys, "drained")
    events = await take(await EventFeed.open(reading, keys, "0"), len(broken) + 1)
    assert [event.kind for event in events] == [
        EventKind.UNKNOWN,
        EventKind.UNKNOWN,
        EventKind.COMPLETED,
        EventKind.PROGRESS,
        EventKind.DELAYED,
        EventKind.UNKNOWN,
        EventKind.COMPLETED,
        EventKind.DRAINED,
    ]
    assert events[5].name == "from the future"


async def test_entries_that_were_trimmed_away_are_passed_over(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    await say(connection, keys, "added", "waiting")
    feed = await EventFeed.open(reading, keys, "0")
    assert await names(feed, 2) == ["added", "waiting"]
    await say(connection, keys, "active", "completed", "drained")
    await connection.execute("XTRIM", keys.events, "MAXLEN", 1)
    assert await names(feed, 1) == ["drained"]


async def test_a_stream_whose_ids_begin_anew_is_read_from_its_beginning(
    connection: Connection, reading: Connection, keys: QueueKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a failover to a server that lags behind, in what it has or in what its clock shows."""
    monkeypatch.setattr("toril.bull.event_feed.READ_WITHIN", 0.05)
    await connection.execute("XADD", keys.events, "2000-7", "event", "added")
    feed = await EventFeed.open(reading, keys, "0")
    assert await names(feed, 1) == ["added"]
    await connection.execute("DEL", keys.events)
    await connection.execute("XADD", keys.events, "1000-9", "event", "waiting")
    assert await names(feed, 1) == ["waiting"]
    await connection.execute("XADD", keys.events, "1000-10", "event", "active")
    assert await names(feed, 1) == ["active"]


async def test_two_feeds_read_the_same_events(
    broker: EmbeddedBroker, connection: Connection, keys: QueueKeys
) -> None:
    async with Connection(broker.url) as first, Connection(broker.url) as second:
        feeds = [await EventFeed.open(each, keys) for each in (first, second)]
        expected = [f"event {number}" for number in range(250)]
        await say(connection, keys, *expected)
        assert await asyncio.gather(*(names(feed, 250) for feed in feeds)) == [expected, expected]


async def test_tasks_that_share_a_feed_share_its_events(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    feed = await EventFeed.open(reading, keys)
    sharing = [asyncio.create_task(names(feed, 100)) for _ in range(3)]
    expected = [f"event {number}" for number in range(300)]
    await say(connection, keys, *expected)
    seen = [name for task in sharing for name in await task]
    assert sorted(seen) == sorted(expected)


async def test_a_task_that_shares_a_feed_does_not_wait_while_there_are_events(
    connection: Connection, reading: Connection, keys: QueueKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toril.bull.event_feed.READ_WITHIN", 1000.0)
    feed = await EventFeed.open(reading, keys)
    sharing = [asyncio.create_task(names(feed, 1)) for _ in range(2)]
    await eventually(lambda: is_blocked(connection, "reading", "xread"))
    at_once = "for i = 1, 2 do redis.call('XADD', KEYS[1], '*', 'event', 'event ' .. i) end"
    await connection.execute("EVAL", at_once, 1, keys.events)
    assert [await task for task in sharing] == [["event 1"], ["event 2"]]


async def test_a_reader_that_gives_up_waiting_misses_nothing(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    feed = await EventFeed.open(reading, keys)
    waiting = asyncio.create_task(anext(feed))
    await eventually(lambda: is_blocked(connection, "reading", "xread"))
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await say(connection, keys, "added", "waiting")
    assert await names(feed, 2) == ["added", "waiting"]


async def test_it_holds_no_more_than_a_few_events(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    """It reads on when those that it holds are taken: what is trimmed meanwhile it cannot have."""
    await say(connection, keys, *(f"event {number}" for number in range(5 * MOST_UNREAD_EVENTS)))
    feed = await EventFeed.open(reading, keys, "0")
    await take(feed, 1)
    await connection.execute("XTRIM", keys.events, "MAXLEN", 1)
    seen = await names(feed, MOST_UNREAD_EVENTS)
    assert seen[-2:] == [f"event {MOST_UNREAD_EVENTS - 1}", f"event {5 * MOST_UNREAD_EVENTS - 1}"]


async def test_it_goes_on_when_the_server_was_killed_and_restarted(tmp_path: Path, server: Path) -> None:
    keys = QueueKeys("paint")
    with EmbeddedBroker(tmp_path, program=server) as own:
        async with (
            await Connection.open(own.url) as connection,
            Connection(own.url, client_name="reading") as reading,
        ):
            feed = await EventFeed.open(reading, keys, "0")
            await say(connection, keys, "added", "waiting")
            assert await names(feed, 2) == ["added", "waiting"]
            waiting = asyncio.create_task(names(feed, 2))
            await eventually(lambda: is_blocked(connection, "reading", "xread"))
            os.kill(own.pid, signal.SIGKILL)
            own.stop()
            own.start()
            await say(connection, keys, "active", "completed")
            assert await waiting == ["active", "completed"]


async def test_closing_its_connection_ends_it(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    feed = await EventFeed.open(reading, keys)
    waiting = asyncio.create_task(anext(feed))
    await eventually(lambda: is_blocked(connection, "reading", "xread"))
    await reading.close()
    with pytest.raises(BrokerUnavailable):
        await waiting


async def test_what_is_no_stream_is_an_error(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    await connection.execute("SET", keys.events, "nothing")
    feed = await EventFeed.open(reading, keys, "0")
    with pytest.raises(CommandRefused, match="WRONGTYPE"):
        await anext(feed)


async def test_an_event_of_ones_own_is_read_with_its_name_and_fields(
    connection: Connection, reading: Connection, keys: QueueKeys
) -> None:
    feed = await EventFeed.open(reading, keys)
    event_id = await publish_event(connection, keys, "repainted", {"colour": "röt", "by": ""}, job_id="7")
    [event] = await take(feed, 1)
    assert (event.id, event.kind, event.name, event.job_id) == (
        event_id,
        EventKind.UNKNOWN,
        "repainted",
        "7",
    )
    assert event.fields == (("colour", "röt"), ("by", ""))


async def test_events_of_ones_own_leave_those_of_the_jobs_as_long_as_the_queue_says(
    connection: Connection, keys: QueueKeys
) -> None:
    """BullMQ's producer cuts the stream to 1,000 entries where nobody tells it otherwise."""
    await connection.execute("HSET", keys.meta, "opts.maxLenEvents", 5_000)
    for _ in range(30):
        await asyncio.gather(*(publish_event(connection, keys, "repainted") for _ in range(100)))
    assert await connection.execute("XLEN", keys.events) == 3_000


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("", {}),
        *((kind.value, {}) for kind in EventKind),
        ("error", {}),
        ("repainted", {"event": "completed"}),
        ("repainted", {"jobId": "7"}),
        ("repainted", {str(number): "" for number in range(101)}),
        ("repainted", {"colour": "x" * 70_000}),
    ],
)
async def test_an_event_that_would_mislead_is_refused(
    connection: Connection, keys: QueueKeys, name: str, fields: dict[str, str]
) -> None:
    with pytest.raises(InvalidEvent):
        await publish_event(connection, keys, name, fields)
    assert await connection.execute("EXISTS", keys.events, keys.meta) == 0
