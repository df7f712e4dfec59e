import asyncio
import hashlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import uvloop

from support.proxy import Proxy
from support.waiting import eventually
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable, CommandRefused
from toril.bull.keys import QueueKeys
from toril.bull.node import Node
from toril.bull.scripts import Script
from toril.bull.thread_connection import ThreadConnection
from toril.bull.wire import Wire


def script(text: str) -> Script:
    return Script("test", text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


async def refuses(connection: Connection, code: str, *command: str) -> bool:
    try:
        await connection.execute(*command)
    except BrokerUnavailable as unavailable:
        return code in unavailable.reason
    return False


ECHO = script("return {KEYS[1], ARGV[1]}")
WRITE = script("return redis.call('SET', KEYS[1], ARGV[1])")
FOR_EVER = script("while true do end")


@pytest.fixture
async def proxy(broker: EmbeddedBroker) -> AsyncIterator[Proxy]:
    async with Proxy(broker.url) as running:
        yield running


# --- what it carries ---


async def test_replies_are_bytes_numbers_none_and_lists(connection: Connection, keys: QueueKeys):
    assert await connection.execute("SET", keys.meta, "é") == b"OK"
    assert await connection.execute("GET", keys.meta) == "é".encode()
    assert await connection.execute("INCR", keys.wait) == 1
    assert await connection.execute("MGET", keys.meta, keys.active) == ["é".encode(), None]


async def test_arguments_are_text_bytes_and_numbers(connection: Connection, keys: QueueKeys):
    await connection.execute("RPUSH", keys.wait, "é", b"\x00\xff", 7, 0.5, "")
    assert await connection.execute("LRANGE", keys.wait, 0, -1) == [
        "é".encode(),
        b"\x00\xff",
        b"7",
        b"0.5",
        b"",
    ]


async def test_a_large_command_and_a_large_reply_go_through(connection: Connection, keys: QueueKeys):
    payload = os.urandom(5_000_000)
    await connection.execute("SET", keys.meta, payload)
    assert await connection.execute("GET", keys.meta) == payload


async def test_concurrent_calls_each_get_their_own_reply(connection: Connection):
    replies = await asyncio.gather(*(connection.execute("ECHO", str(number)) for number in range(50)))
    assert replies == [str(number).encode() for number in range(50)]


async def test_a_script_is_loaded_where_it_is_missing(connection: Connection, keys: QueueKeys):
    for _ in range(2):
        await connection.execute("SCRIPT", "FLUSH")
        assert await connection.run(ECHO, [keys.meta], [7]) == [keys.meta.encode(), b"7"]


# --- what it refuses ---


async def test_a_bug_of_ours_names_the_command(connection: Connection):
    with pytest.raises(CommandRefused, match="refused NONSENSE: ERR unknown command"):
        await connection.execute("NONSENSE", "secret")


async def test_a_bug_in_a_script_names_the_script(connection: Connection):
    with pytest.raises(CommandRefused, match="refused test: ERR"):
        await connection.run(script("return redis.call('NONSENSE')"), [], [])


async def test_the_connection_serves_on_after_a_refusal(connection: Connection):
    with pytest.raises(CommandRefused):
        await connection.execute("NONSENSE")
    assert await connection.execute("PING") == b"PONG"


# --- when Redis is not there, or says "not now" ---


async def test_nobody_listening_is_told_within_the_deadline(tmp_path: Path):
    with pytest.raises(BrokerUnavailable, match="there is no such socket"):
        await Connection.open(f"unix://{tmp_path}/none.sock", timeout=0.1)


async def test_a_refused_port_is_told(unused_tcp_port: int):
    with pytest.raises(
        BrokerUnavailable, match=f"127.0.0.1:{unused_tcp_port} is not available: nobody listens"
    ):
        await Connection.open(f"redis://:secret@127.0.0.1:{unused_tcp_port}", timeout=0.1)


async def test_an_unknown_name_is_told():
    with pytest.raises(BrokerUnavailable, match=r"its name is not known|no answer in time"):
        await Connection.open("redis://redis.invalid", timeout=0.5)


async def test_connecting_is_tried_until_the_server_is_up(tmp_path: Path, server: Path):
    broker = EmbeddedBroker(tmp_path, program=server)
    opening = asyncio.create_task(Connection.open(f"unix://{tmp_path}/broker/broker.sock", timeout=20.0))
    await asyncio.sleep(0)
    async with broker, await opening as connection:
        assert await connection.execute("PING") == b"PONG"


async def test_a_server_that_hangs_is_given_up_at_the_deadline(
    own_broker: EmbeddedBroker, own_connection: Connection
):
    os.kill(own_broker.pid, signal.SIGSTOP)
    try:
        with pytest.raises(BrokerUnavailable, match="no answer in time"):
            await own_connection.execute("PING", timeout=0.1)
        with pytest.raises(BrokerUnavailable, match="no answer in time"):
            await Connection.open(own_broker.url, timeout=0.1)
    finally:
        os.kill(own_broker.pid, signal.SIGCONT)
    assert await own_connection.execute("ECHO", "mine") == b"mine"


async def test_waiting_for_ones_turn_counts_too(connection: Connection, keys: QueueKeys):
    blocked = asyncio.create_task(connection.execute("BLPOP", keys.wait, 0, timeout=None))
    await eventually(lambda: connection.client_id)
    await asyncio.sleep(0)
    with pytest.raises(BrokerUnavailable, match="no answer in time"):
        await connection.execute("PING", timeout=0.05)
    blocked.cancel()


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_reply_that_waits_for_a_busy_event_loop_is_not_late(
    broker: EmbeddedBroker, loop_factory: Callable[[], asyncio.AbstractEventLoop]
):
    async def ping() -> bytes:
        async with await Connection.open(broker.url) as connection:
            call = asyncio.create_task(connection.execute("PING", timeout=0.05))
            await asyncio.sleep(0)
            time.sleep(0.1)  # noqa: ASYNC251 - a handler that holds up the event loop
            return await call

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(ping()) == b"PONG"


async def test_a_full_memory_means_not_now(own_connection: Connection):
    await own_connection.execute("CONFIG", "SET", "maxmemory", 1)
    with pytest.raises(BrokerUnavailable, match="memory is full"):
        await own_connection.execute("SET", "key", "value")
    with pytest.raises(BrokerUnavailable, match="memory is full"):
        await own_connection.run(WRITE, ["key"], ["value"])


async def test_a_script_that_does_not_end_means_not_now(
    own_broker: EmbeddedBroker, own_connection: Connection
):
    await own_connection.execute("CONFIG", "SET", "lua-time-limit", 10)
    async with await Connection.open(own_broker.url) as other:
        endless = asyncio.create_task(other.run(FOR_EVER, [], [], timeout=None))

        await eventually(lambda: refuses(own_connection, "BUSY", "PING"))
        await own_connection.execute("SCRIPT", "KILL")
        with pytest.raises(CommandRefused, match="killed"):
            await endless


async def test_a_replica_means_not_now_while_it_loads_and_after(own_connection: Connection, server: Path):
    # The road of a failover: the server becomes a replica, loads its master's data, and is read-only then.
    with EmbeddedBroker(port=0, program=server) as master:
        with ThreadConnection.open(master.url) as seeding:
            seeding.execute("CONFIG", "SET", "repl-diskless-sync-delay", 0)
            # A server that loads looks at its clients after every two megabytes.
            fill = (
                "local large = string.rep('x', 4096) for i = 1, 2000 do redis.call('SET', i, large .. i) end"
            )
            seeding.execute("CONFIG", "SET", "rdbcompression", "no")
            seeding.execute("EVAL", fill, 0)
        _, _, address = master.url.rpartition("@")
        password = master.url.split("@")[0].removeprefix("redis://:")
        await own_connection.execute("CONFIG", "SET", "masterauth", password)
        await own_connection.execute("CONFIG", "SET", "key-load-delay", 500)
        await own_connection.execute("REPLICAOF", *address.split(":"))
        await eventually(lambda: refuses(own_connection, "LOADING", "GET", "key"))
        await eventually(lambda: refuses(own_connection, "READONLY", "SET", "key", "value"))


async def test_too_many_clients_means_not_now(own_broker: EmbeddedBroker, own_connection: Connection):
    await own_connection.execute("CONFIG", "SET", "maxclients", 1)
    with pytest.raises(BrokerUnavailable, match=r"max number of clients|reset"):
        await Connection.open(own_broker.url, timeout=0.2)


@pytest.mark.parametrize("login", ["", ":guess@", "stranger:guess@"])
async def test_a_wrong_or_missing_password_is_told_without_it(own_broker: EmbeddedBroker, login: str):
    _, _, address = own_broker.url.rpartition("@")
    with pytest.raises(BrokerUnavailable, match=r"NOAUTH|WRONGPASS") as refused:
        await Connection.open(f"redis://{login}{address}")
    assert "guess" not in str(refused.value)


async def test_a_password_that_is_refused_is_not_tried_again(proxy: Proxy):
    with pytest.raises(BrokerUnavailable, match="WRONGPASS"):
        await Connection.open(proxy.url.replace("redis://", "redis://ann:guess@"))
    assert proxy.connections == 1


async def test_no_message_holds_the_password(own_broker: EmbeddedBroker):
    password = own_broker.url.split("@")[0].removeprefix("redis://:")
    connection = await Connection.open(own_broker.url)
    own_broker.stop()
    with pytest.raises(BrokerUnavailable) as failed:
        await connection.execute("AUTH", password, timeout=0.1)
    assert password not in f"{failed.value!r} {connection.address} {connection!r} {failed.value.__cause__!r}"
    await connection.close()


# --- reconnecting ---


async def test_a_connection_that_went_stale_while_idle_is_replaced_before_it_is_used(
    broker: EmbeddedBroker, connection: Connection
):
    stale = connection.client_id
    with ThreadConnection.open(broker.url) as killer:  # the event loop does not turn in here
        killer.execute("CLIENT", "KILL", "ID", str(stale))
    assert await connection.execute("PING") == b"PONG"
    assert connection.client_id != stale


async def test_it_comes_back_after_the_server_was_killed_and_restarted(tmp_path: Path, server: Path):
    with EmbeddedBroker(tmp_path, program=server) as broker:
        async with await Connection.open(broker.url, client_name="worker-7") as connection:
            os.kill(broker.pid, signal.SIGKILL)
            broker.stop()
            with pytest.raises(BrokerUnavailable):
                await connection.execute("PING", timeout=0.1)
            broker.start()
            assert await connection.execute("CLIENT", "GETNAME") == b"worker-7"


async def test_a_call_cancelled_in_flight_leaves_no_reply_for_the_next(
    broker: EmbeddedBroker, connection: Connection, keys: QueueKeys
):
    waiting = asyncio.create_task(connection.execute("BLPOP", keys.wait, 0, timeout=None))
    with ThreadConnection.open(broker.url) as other:
        await eventually(lambda: b"cmd=blpop" in other.execute("CLIENT", "LIST"))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        following = asyncio.create_task(connection.execute("ECHO", "mine"))
        await asyncio.sleep(0)
        other.execute("RPUSH", keys.wait, "late")
    assert await following == b"mine"


async def test_a_command_in_flight_when_the_connection_breaks_is_not_sent_again(
    proxy: Proxy, connection: Connection, keys: QueueKeys
):
    async with await Connection.open(proxy.url) as distant:
        proxy.swallows_replies = True
        counting = asyncio.create_task(distant.execute("INCR", keys.meta))
        await eventually(lambda: connection.execute("EXISTS", keys.meta))
        proxy.cut()
        with pytest.raises(BrokerUnavailable):
            await counting
        proxy.swallows_replies = False
        assert await distant.execute("GET", keys.meta) == b"1"
        assert proxy.connections == 2


async def test_a_blocked_call_is_woken_through_its_client_id(
    broker: EmbeddedBroker, connection: Connection, keys: QueueKeys
):
    async with await Connection.open(broker.url) as sleeper:
        waiting = asyncio.create_task(sleeper.execute("BZPOPMIN", keys.marker, 0, timeout=None))
        await eventually(lambda: connection.execute("CLIENT", "UNBLOCK", sleeper.client_id or 0))
        assert await waiting is None


async def test_closing_ends_the_call_in_flight_and_every_later_one(broker: EmbeddedBroker, keys: QueueKeys):
    connection = await Connection.open(broker.url)
    waiting = asyncio.create_task(connection.execute("BLPOP", keys.wait, 0, timeout=None))
    await asyncio.sleep(0)
    await connection.close()
    for call in (waiting, connection.execute("PING")):
        with pytest.raises(BrokerUnavailable):
            await call


async def test_one_that_is_closed_as_the_server_has_let_it_in_is_not_left_open(
    broker: EmbeddedBroker, connection: Connection, monkeypatch: pytest.MonkeyPatch
):
    closed = Connection(broker.url, client_name="closed")
    greet = Node._greet

    async def greet_and_close(node: Node, wire: Wire) -> int:
        client_id = await greet(node, wire)
        await closed.close()
        return client_id

    monkeypatch.setattr(Node, "_greet", greet_and_close)
    with pytest.raises(BrokerUnavailable, match="closed"):
        await closed.execute("PING")

    async def is_gone() -> bool:
        return b"name=closed" not in await connection.execute("CLIENT", "LIST")

    await eventually(is_gone)
