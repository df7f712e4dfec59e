"""Fixtures for every test of the workspace: a real broker, and keys of one's own in it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from support.servers import Server
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.thread_connection import ThreadConnection

# What is tested on every server; all else on Valkey alone.
ON_EVERY_SERVER = ("packages/bull", "tests/integration", "tests/differential")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
    if "server" in metafunc.fixturenames and path.startswith(ON_EVERY_SERVER):
        metafunc.parametrize("server", list(Server), indirect=True, scope="session")


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Path:
    """The program of the server that a test runs on."""
    chosen: Server = getattr(request, "param", Server.VALKEY)
    return chosen.program()


@pytest.fixture(scope="session")
def broker(server: Path) -> Iterator[EmbeddedBroker]:
    """A running broker, shared by the tests of this process; who kills or reconfigures one starts another."""
    with EmbeddedBroker(program=server) as running:
        yield running


@pytest.fixture(scope="session")
def _janitor(broker: EmbeddedBroker) -> Iterator[ThreadConnection]:
    with ThreadConnection.open(broker.url, client_name="janitor") as connection:
        yield connection


@pytest.fixture
def prefix(_janitor: ThreadConnection) -> Iterator[str]:
    """The first part of this test's keys, which are removed after it."""
    name = f"test-{uuid4().hex}"
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
