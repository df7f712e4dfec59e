"""Each call goes to the server that holds its key: where that is, and where it has gone."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.cluster import RunningCluster, slots_of, tag_of
from toril.bull.connection import Connection
from toril.bull.errors import BrokerMisconfigured, BrokerUnavailable, BrokerWarning
from toril.bull.scripts import Script, load
from toril.bull.slots import hash_tag, slot_of
from toril.bull.thread_connection import ThreadConnection

MASTERS = range(3)


def clients_of(cluster: RunningCluster, name: str) -> list[int]:
    """How many sockets of that name each master has."""
    return [
        sum(client["name"] == name for client in master.client.client_list()) for master in cluster.masters
    ]


@contextmanager
def moving(cluster: RunningCluster, slot: int, source: int, target: int) -> Iterator[None]:
    """The slot moves from one master to another; at the end it has stayed where it was."""
    servers = [cluster.masters[source], cluster.masters[target]]
    servers[1].client.execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", servers[0].id)
    servers[0].client.execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", servers[1].id)
    try:
        yield
    finally:
        for server in servers:
            server.client.execute_command("CLUSTER", "SETSLOT", slot, "STABLE")


@contextmanager
def moved(cluster: RunningCluster, slot: int, source: int, target: int) -> Iterator[None]:
    """The slot, which must be empty before and after, is at another master for a while."""
    try:
        for server in reversed(cluster.masters):
            server.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", cluster.masters[target].id)
        yield
    finally:
        for server in cluster.masters:
            server.client.execute_command("CLUSTER", "SETSLOT", slot, "NODE", cluster.masters[source].id)


# --- slots ---


@given(st.text("{}ab:é"))
@example("{bull}:paint:meta")
@example("bull:{paint}:meta")
@example("{{a}}{b}")
@example("{}a{b}")
@example("}{a}")
def test_a_key_has_the_slot_that_redis_says(cluster: RunningCluster, key: str) -> None:
    tag = hash_tag(key)
    said = cluster.masters[0].client.execute_command("CLUSTER", "KEYSLOT", key)
    assert slot_of(key.encode() if tag is None else tag) == said


# --- where the keys are ---


@pytest.mark.parametrize("asked", MASTERS)
async def test_any_server_leads_to_every_key(cluster: RunningCluster, asked: int, name: str) -> None:
    async with await Connection.open(cluster.masters[asked].url) as connection:
        for holder in MASTERS:
            key = f"{{{tag_of(holder)}}}:{name}"
            assert await connection.execute("SET", key, holder) == b"OK"
            assert cluster.masters[holder].client.get(key) == str(holder)


async def test_a_replica_leads_to_its_master(cluster: RunningCluster, name: str) -> None:
    key = f"{{{tag_of(0)}}}:{name}"
    async with await Connection.open(cluster.replica.url) as connection:
        assert await connection.execute("SET", key, "1") == b"OK"
    with ThreadConnection.open(cluster.replica.url) as blocking:
        assert blocking.execute("INCR", key) == 2


async def test_there_is_one_socket_for_each_server_that_is_used(cluster: RunningCluster, name: str) -> None:
    async with Connection(cluster.url, client_name=name) as connection:
        for _ in range(3):
            await connection.execute("INCR", f"{{{tag_of(0)}}}:{name}")
            await connection.execute("INCR", f"{{{tag_of(1)}}}:{name}")
        assert clients_of(cluster, name) == [1, 1, 0]


async def test_a_script_is_loaded_on_every_server_that_runs_it(cluster: RunningCluster, name: str) -> None:
    async with await Connection.open(cluster.url) as connection:
        for _ in range(2):
            for master in cluster.masters:
                master.client.script_flush()
            for holder in MASTERS:
                meta = f"{{{tag_of(holder)}}}:{name}:meta"
                assert await connection.run(load("watching/find_state"), [meta], ["1"]) is None


def test_a_thread_is_led_to_its_key_too(cluster: RunningCluster, name: str) -> None:
    with ThreadConnection.open(cluster.url) as blocking:
        for holder in MASTERS:
            assert blocking.execute("SET", f"{{{tag_of(holder)}}}:{name}", "1") == b"OK"


# --- where the keys have gone ---


async def test_a_slot_that_has_moved_is_found(cluster: RunningCluster, name: str) -> None:
    slot, key = slot_of(name.encode()), f"{{{name}}}:key"
    source = next(holder for holder in MASTERS if slot in slots_of(holder))
    target = (source + 1) % len(MASTERS)
    with ThreadConnection.open(cluster.url) as blocking:
        async with await Connection.open(cluster.url) as connection:
            assert await connection.execute("GET", key) is None
            assert blocking.execute("GET", key) is None
            with moved(cluster, slot, source, target):
                assert await connection.execute("SET", key, "there") == b"OK"
                assert cluster.masters[target].client.get(key) == "there"
                assert blocking.execute("DEL", key) == 1
            assert await connection.execute("GET", key) is None


async def test_a_key_is_found_while_its_slot_moves(cluster: RunningCluster, name: str) -> None:
    slot, key = slot_of(name.encode()), f"{{{name}}}:key"
    source = next(holder for holder in MASTERS if slot in slots_of(holder))
    target = (source + 1) % len(MASTERS)
    script = Script("test", "return redis.call('GET', KEYS[1])", "0" * 40)
    with ThreadConnection.open(cluster.url) as blocking:
        async with await Connection.open(cluster.url) as connection:
            with moving(cluster, slot, source, target):
                # The source does not have it (any more), so it is asked for where it goes.
                assert await connection.execute("SET", key, "there") == b"OK"
                assert await connection.run(script, [key], []) == b"there"
                assert blocking.execute("GET", key) == b"there"
                assert await connection.execute("DEL", key) == 1
            assert await connection.execute("GET", key) is None


# --- what cannot be ---


@pytest.mark.parametrize("key", ["bull:paint:meta", "bull:{}:meta"])
async def test_a_key_without_a_hash_tag_is_refused_and_the_remedy_named(
    cluster: RunningCluster, key: str
) -> None:
    async with Connection(cluster.url) as connection:
        with pytest.raises(BrokerMisconfigured, match=r'prefix="\{bull\}"'):
            await connection.execute("EXISTS", key)


async def test_every_server_is_looked_at(cluster: RunningCluster) -> None:
    careless = cluster.masters[0].client
    careless.config_set("maxmemory-policy", "allkeys-lru")
    try:
        with pytest.warns(BrokerWarning, match=f"127.0.0.1:{cluster.masters[0].port} may evict jobs"):
            await (await Connection.open(cluster.url)).close()
        with pytest.raises(BrokerMisconfigured, match="CONFIG SET maxmemory-policy noeviction"):
            await Connection.open(cluster.url, strict=True)
    finally:
        careless.config_set("maxmemory-policy", "noeviction")


async def test_a_closed_connection_asks_no_other_server(cluster: RunningCluster, name: str) -> None:
    connection = await Connection.open(cluster.url)
    await connection.close()
    with pytest.raises(BrokerUnavailable, match="this connection was closed"):
        await connection.execute("GET", f"{{{name}}}:key")
