"""The servers that the tests run on."""

import sys
from pathlib import Path

import pytest

from support.servers import Server, ServerUnavailable


def test_a_missing_redis_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TORIL_TEST_REDIS", raising=False)
    with pytest.raises(ServerUnavailable, match="make setup"):
        Server.REDIS.program()


def test_the_redis_of_the_tests_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORIL_TEST_REDIS", "/opt/redis-7/redis-server")
    assert Server.REDIS.program() == Path("/opt/redis-7/redis-server")
