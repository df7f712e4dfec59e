"""Pairs of queues in one broker: the official scripts on one side, ours or the official ones on the other."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self
from uuid import uuid4

import pytest
from differential.official import Official
from differential.ours import Connections, Ours
from differential.pair import Pair
from differential.scripts import Edit, OfficialScripts
from differential.side import Clock, Worker
from hypothesis import HealthCheck, settings
from redis import Redis

from support.servers import Server
from toril.bull.connection import Connection
from toril.bull.embedded import EmbeddedBroker
from toril.bull.keys import QueueKeys
from toril.bull.thread_connection import ThreadConnection

THOROUGH = "thorough"
CASES_ON_REDIS = 5
settings.register_profile("differential", deadline=None, derandomize=True, max_examples=100)
settings.register_profile(
    THOROUGH, deadline=None, max_examples=5000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On Redis each test has only some of its cases; with --hypothesis-profile=thorough, all of them."""
    if config.getoption("--hypothesis-profile") == THOROUGH:
        return
    here = Path(__file__).parent
    cases: dict[tuple[Path, str], list[pytest.Item]] = {}
    for item in items:
        if (
            isinstance(item, pytest.Function)
            and item.path.is_relative_to(here)
            and hasattr(item, "callspec")
            and item.callspec.params.get("server_kind") is Server.REDIS
        ):
            cases.setdefault((item.path, item.originalname), []).append(item)
    kept = {item for each in cases.values() for item in each[:: -(-len(each) // CASES_ON_REDIS)]}
    left_out = {item for each in cases.values() for item in each} - kept
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=list(left_out))


class Studio:
    """Makes pairs, each with prefixes of its own, and removes what they left behind."""

    def __init__(self, client: Redis, connections: Connections) -> None:
        self.client = client
        self._connections = connections
        self._scripts = OfficialScripts(client)
        self._prefixes: list[str] = []

    def pair(self, queue: str = "paint", *, worker: Worker | None = None, beside: Pair | None = None) -> Pair:
        """The official scripts and ours.

        Args:
            beside: another pair, to have one more queue next to it: same prefixes, same clock.
        """
        keys, clock, worker, steps = self._place(queue, worker, beside)
        expected = Official(self.client, self._scripts, keys[0], clock, worker)
        return Pair(
            expected, Ours(self.client, self._scripts, keys[1], clock, worker, self._connections), steps
        )

    def pair_of_queues(self, worker: Worker) -> Pair:
        """The official scripts and ours, on a queue that has another one beside it."""
        pair = self.pair(worker=worker)
        pair.beside = self.pair("mix", beside=pair)
        return pair

    def official_pair(self, *, edit: Edit | None = None) -> Pair:
        """The official scripts on both sides, on the second one with `edit` applied to them."""
        keys, clock, worker, steps = self._place("paint", None, None)
        scripts = OfficialScripts(self.client, edit)
        sides = [(self._scripts, keys[0]), (scripts, keys[1])]
        return Pair(*(Official(self.client, each, where, clock, worker) for each, where in sides), steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for prefix in self._prefixes:
            if names := self.client.keys(f"{prefix}*"):
                self.client.unlink(*names)

    def _place(
        self, queue: str, worker: Worker | None, beside: Pair | None
    ) -> tuple[list[QueueKeys], Clock, Worker, list[str]]:
        if beside is not None:
            prefixes = [side.keys.prefix for side in (beside.expected, beside.found)]
            keys = [QueueKeys(queue, prefix=prefix) for prefix in prefixes]
            return keys, beside.clock, worker or beside.expected.worker, beside.steps
        root = f"test-{uuid4().hex}"
        self._prefixes.append(root)
        # Prefixes of one length, so that Redis cuts both event streams at the same entries.
        keys = [QueueKeys(queue, prefix=f"{root}-{side}") for side in ("expected", "observed")]
        return keys, Clock(), worker or Worker(), []


@pytest.fixture(scope="session")
def _connections(broker: EmbeddedBroker) -> Iterator[Connections]:
    with (
        asyncio.Runner() as runner,
        ThreadConnection.open(broker.url, client_name="differential") as blocking,
    ):
        opened = runner.run(Connection.open(broker.url, client_name="differential"))
        yield Connections(runner, opened, blocking)
        runner.run(opened.close())


@pytest.fixture(scope="session")
def _client(broker: EmbeddedBroker) -> Iterator[Redis]:
    with Redis.from_url(broker.url, protocol=2) as client:
        yield client


@pytest.fixture(scope="session")
def make_studio(_client: Redis, _connections: Connections) -> Callable[[], Studio]:
    """Makes studios, where a test needs one per run of it."""
    return lambda: Studio(_client, _connections)


@pytest.fixture
def studio(make_studio: Callable[[], Studio]) -> Iterator[Studio]:
    with make_studio() as opened:
        yield opened


@pytest.fixture
def pair(studio: Studio) -> Pair:
    """One queue, on the official side and on ours."""
    return studio.pair()


@pytest.fixture
def make_pair(studio: Studio) -> Callable[..., Pair]:
    """Makes pairs, where a test needs more than one or another worker."""
    return studio.pair
