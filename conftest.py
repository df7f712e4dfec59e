"""Fixtures for every test of the workspace: a real broker, and keys of one's own in it."""

from collections.abc import AsyncIterator, Iterator
from inspect import signature
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from support.cluster import RunningCluster
from support.databases import new_database, postgres_server
from support.reports import nothing_forgotten
from support.servers import Server
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.thread_connection import ThreadConnection

# What is tested on both servers; all else on Valkey alone.
ON_BOTH_SERVERS = ("packages/bull", "tests/integration", "tests/differential")
# What depends on no server.
ON_ONE_SERVER = ("tests/integration/test_bad_networks.py", "tests/integration/test_default_settings.py")
# What is tested on a cluster too, as far as a test needs no server of its own.
ON_A_CLUSTER = tuple(
    f"tests/integration/test_{topic}.py"
    for topic in (
        *("cancelling", "cancelling_running_jobs", "flows", "following"),
        *("results", "schedules", "steering", "worker_faults"),
    )
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
    if "server_kind" not in metafunc.fixturenames or path.startswith(ON_ONE_SERVER):
        return
    if not path.startswith(ON_BOTH_SERVERS):
        return
    kinds = [Server.VALKEY, Server.REDIS]
    if path.startswith(ON_A_CLUSTER) and {"broker", "prefix"} <= set(signature(metafunc.function).parameters):
        kinds.append(Server.CLUSTER)
    metafunc.parametrize("server_kind", kinds, indirect=True, scope="session")


@pytest.fixture(scope="session")
def server_kind(request: pytest.FixtureRequest) -> Server:
    """What a test runs on."""
    return getattr(request, "param", Server.VALKEY)


@pytest.fixture(scope="session")
def server(server_kind: Server) -> Path:
    """The program of the server that a test runs on."""
    return server_kind.program()


@pytest.fixture(scope="session")
def broker(server_kind: Server, server: Path) -> Iterator[EmbeddedBroker | RunningCluster]:
    """A running broker, shared by the tests of this process; who kills or reconfigures one starts another."""
    with RunningCluster() if server_kind is Server.CLUSTER else EmbeddedBroker(program=server) as running:
        yield running


@pytest.fixture(scope="session")
def _janitor(broker: EmbeddedBroker) -> Iterator[ThreadConnection]:
    with ThreadConnection.open(broker.url, client_name="janitor") as connection:
        yield connection


@pytest.fixture
def prefix(_janitor: ThreadConnection, server_kind: Server) -> Iterator[str]:
    """The first part of this test's keys, which are removed after it."""
    name = f"test-{uuid4().hex}"
    if server_kind is Server.CLUSTER:  # which is thrown away with all its keys
        yield f"{{{name}}}"
        return
    yield name
    keys = _janitor.execute("KEYS", f"{name}:*")
    if keys:
        _janitor.execute("UNLINK", *keys)


@pytest.fixture
def keys(prefix: str) -> QueueKeys:
    """The keys of a queue that no other test uses."""
    return QueueKeys("paint", prefix=prefix)


@pytest.fixture
async def connection(broker: EmbeddedBroker) -> AsyncIterator[Connection]:
    """An open connection to the broker."""
    async with await Connection.open(broker.url, client_name="test") as opened:
        yield opened


@pytest.fixture
async def reports() -> AsyncIterator[list[dict[str, Any]]]:
    """What asyncio would have logged as forgotten; there must be nothing at the end."""
    async with nothing_forgotten() as collected:
        yield collected


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A running PostgreSQL, shared by the tests of this process; who kills one starts another."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def database_url(postgres: str) -> Iterator[str]:
    """An empty database that no other test uses."""
    with new_database(postgres) as url:
        yield url
