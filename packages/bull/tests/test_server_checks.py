from pathlib import Path

import pytest

from support.servers import Server
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerMisconfigured, BrokerWarning
from toril.bull.server_checks import check_server


@pytest.fixture
async def evicting(own_broker: EmbeddedBroker, own_connection: Connection) -> str:
    await own_connection.execute("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    return own_broker.url


async def test_a_server_that_may_evict_jobs_is_warned_about(evicting: str):
    with pytest.warns(BrokerWarning, match="may evict jobs [(]maxmemory-policy allkeys-lru"):
        connection = await Connection.open(evicting)
    await connection.close()


async def test_a_server_that_may_evict_jobs_is_refused_when_strict(evicting: str):
    with pytest.raises(BrokerMisconfigured, match="CONFIG SET maxmemory-policy noeviction"):
        await Connection.open(evicting, strict=True)


async def test_valkey_and_the_oldest_redis_are_what_the_tests_run_on(connection: Connection, server: Path):
    info = await connection.execute("INFO", "server")
    assert (b"valkey_version" in info) == (server == Server.VALKEY.program())


def test_an_old_server_is_refused():
    with pytest.raises(BrokerMisconfigured, match=r"version 6\.0\.16; Redis 6\.2 or newer"):
        check_server("host:6379", b"redis_version:6.0.16\r\n", strict=False)


async def test_a_user_who_may_run_neither_info_nor_client_is_only_warned(
    own_broker: EmbeddedBroker, own_connection: Connection
):
    rules = ["on", ">pw", "~*", "+@all", "-info", "-config", "-client"]
    await own_connection.execute("ACL", "SETUSER", "narrow", *rules)
    _, _, address = own_broker.url.rpartition("@")
    with pytest.warns(BrokerWarning, match="was not checked"):
        connection = await Connection.open(f"redis://narrow:pw@{address}", client_name="quiet", strict=True)
    assert await connection.execute("PING") == b"PONG"
    assert connection.client_id
    await connection.close()


async def test_the_database_of_the_url_is_selected(own_broker: EmbeddedBroker, own_connection: Connection):
    async with await Connection.open(f"{own_broker.url}/3") as third:
        await third.execute("SET", "key", "third")
    assert await own_connection.execute("EXISTS", "key") == 0
