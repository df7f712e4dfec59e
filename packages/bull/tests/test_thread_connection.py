import hashlib
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.waiting import eventually
from toril.bull.embedded import EmbeddedBroker
from toril.bull.errors import BrokerUnavailable, CommandRefused
from toril.bull.keys import QueueKeys
from toril.bull.scripts import Script
from toril.bull.thread_connection import ThreadConnection

TEXT = "return {KEYS[1], ARGV[1]}"
ECHO = Script("echo", TEXT, hashlib.sha1(TEXT.encode(), usedforsecurity=False).hexdigest())


@pytest.fixture
def blocking(broker: EmbeddedBroker) -> Iterator[ThreadConnection]:
    with ThreadConnection.open(broker.url, client_name="locks") as connection:
        yield connection


def failure_of(connection: ThreadConnection, *command: str, timeout: float) -> list[BrokerUnavailable]:
    """What the command raised, put there by another thread as soon as it did."""
    failures: list[BrokerUnavailable] = []

    def call() -> None:
        try:
            connection.execute(*command, timeout=timeout)
        except BrokerUnavailable as unavailable:
            failures.append(unavailable)

    threading.Thread(target=call, daemon=True).start()
    return failures


def test_commands_and_scripts_answer(blocking: ThreadConnection, keys: QueueKeys):
    assert blocking.execute("SET", keys.meta, "x" * 200_000) == b"OK"
    assert blocking.execute("GET", keys.meta) == b"x" * 200_000
    blocking.execute("SCRIPT", "FLUSH")
    assert blocking.run(ECHO, [keys.meta], [7]) == [keys.meta.encode(), b"7"]
    with pytest.raises(CommandRefused, match="refused NONSENSE"):
        blocking.execute("NONSENSE")


def test_a_stale_socket_is_replaced_before_it_is_used(blocking: ThreadConnection, broker: EmbeddedBroker):
    stale = blocking.client_id
    with ThreadConnection.open(broker.url) as killer:
        killer.execute("CLIENT", "KILL", "ID", str(stale))
    assert blocking.execute("CLIENT", "GETNAME") == b"locks"
    assert blocking.client_id != stale


def test_a_server_that_hangs_is_given_up_at_the_deadline(server: Path):
    with EmbeddedBroker(port=0, program=server) as broker, ThreadConnection.open(broker.url) as connection:
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with pytest.raises(BrokerUnavailable, match="no answer in time"):
                connection.execute("PING", timeout=0.1)
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        assert connection.execute("ECHO", "mine") == b"mine"


def test_it_comes_back_after_a_restart(tmp_path: Path, server: Path):
    with EmbeddedBroker(tmp_path, program=server) as broker, ThreadConnection.open(broker.url) as connection:
        broker.stop()
        with pytest.raises(BrokerUnavailable, match="there is no such socket"):
            connection.execute("PING", timeout=0.1)
        broker.start()
        assert connection.execute("PING") == b"PONG"


def test_a_wrong_password_is_told_at_once_and_without_it(broker: EmbeddedBroker):
    with pytest.raises(BrokerUnavailable, match="WRONGPASS") as refused:
        ThreadConnection.open(broker.url.replace("unix://", "unix://ann:guess@"), timeout=30.0)
    assert "guess" not in str(refused.value)


async def test_closing_ends_a_call_of_another_thread(
    blocking: ThreadConnection, broker: EmbeddedBroker, keys: QueueKeys
):
    failures = failure_of(blocking, "BLPOP", keys.wait, "0", timeout=30.0)
    with ThreadConnection.open(broker.url) as other:
        await eventually(lambda: b"cmd=blpop" in other.execute("CLIENT", "LIST"))
    blocking.close()
    await eventually(lambda: failures)
    with pytest.raises(BrokerUnavailable, match="was closed"):
        blocking.execute("PING")


async def test_closing_ends_the_attempts_to_connect(tmp_path: Path):
    connection = ThreadConnection(f"unix://{tmp_path}/none.sock")
    failures = failure_of(connection, "PING", timeout=1_000.0)
    connection.close()
    await eventually(lambda: failures)
