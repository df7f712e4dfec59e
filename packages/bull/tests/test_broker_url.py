from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from toril.bull.broker_url import broker_url
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import EmbeddedBrokerFailed


@pytest.fixture(autouse=True)
def _no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TORIL_REDIS_URL", raising=False)


def test_what_is_given_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORIL_REDIS_URL", "redis://environment")

    with broker_url("redis://given") as given, broker_url() as environment:
        assert (given, environment) == ("redis://given", "redis://environment")


def test_a_broker_of_the_folder_is_started_joined_and_ended_by_who_started_it(tmp_path: Path):
    with broker_url(data=tmp_path) as started:
        with broker_url(data=tmp_path) as joined:
            assert joined == started
        assert EmbeddedBroker.running(tmp_path) == started

    assert EmbeddedBroker.running(tmp_path) is None


def test_several_that_start_at_the_same_moment_share_one(tmp_path: Path):
    together = Barrier(4, timeout=30)

    def use() -> str:
        together.wait()
        with broker_url(data=tmp_path) as url:
            together.wait()  # all have one
            return url

    with ThreadPoolExecutor(4) as threads:
        urls = [each.result() for each in [threads.submit(use) for _ in range(4)]]

    assert len(set(urls)) == 1


def test_a_broker_that_cannot_start_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TORIL_BROKER_BINARY", "/bin/false")

    with pytest.raises(EmbeddedBrokerFailed), broker_url(data=tmp_path):
        pass
