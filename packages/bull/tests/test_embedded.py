import asyncio
import os
import signal
import socket
import stat
from pathlib import Path

import psutil
import pytest

from support.owners import Owner, ended
from support.processes import children_of
from support.waiting import eventually
from toril.bull.broker_folder import BrokerFolder, answers
from toril.bull.embedded import VARIABLES, EmbeddedBroker
from toril.bull.errors import EmbeddedBrokerFailed
from toril.bull.thread_connection import ThreadConnection
from toril.embedded import default_data_folder

PROGRAM = """
import os, signal, sys, time
from pathlib import Path
from toril.bull.embedded import EmbeddedBroker

broker = EmbeddedBroker(Path(sys.argv[1]) if sys.argv[1] else None).start()
{then}
print(broker.pid, broker.url, flush=True)
while True:
    signal.pause()
"""


@pytest.fixture(autouse=True)
def _program(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every broker here is of the server that the test runs on, in the processes of owners too."""
    monkeypatch.setenv("TORIL_BROKER_BINARY", str(server))


def owner_of(data: Path | str, then: str = "") -> Owner:
    return Owner(PROGRAM.format(then=then), data)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def execute(url: str, *command: str):
    with ThreadConnection.open(url) as connection:
        return connection.execute(*command)


def test_it_listens_on_a_private_socket_in_its_data_folder(tmp_path: Path):
    with EmbeddedBroker(tmp_path) as broker:
        assert broker.url == f"unix://{tmp_path}/broker/broker.sock"
        assert mode(tmp_path / "broker") == 0o700
        assert mode(tmp_path / "broker" / "broker.sock") == 0o700
        assert mode(tmp_path / "broker" / "broker.conf") == 0o600
        assert mode(tmp_path / "broker" / "state.json") == 0o600
        assert execute(broker.url, "PING") == b"PONG"


def test_on_a_port_it_wants_a_password_that_no_process_shows(tmp_path: Path):
    with EmbeddedBroker(tmp_path, port=0) as broker:
        password = broker.url.split("@")[0].removeprefix("redis://:")
        assert len(password) == 64
        assert execute(broker.url, "PING") == b"PONG"
        server = psutil.Process(broker.pid)
        shown = [*server.cmdline(), *server.parent().cmdline(), *server.environ().values()]
        assert not any(password in text for text in shown)
        assert {connection.laddr.ip for connection in server.net_connections("tcp")} == {"127.0.0.1"}


def test_the_server_does_not_see_its_owners_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://:secret@host")
    with EmbeddedBroker(tmp_path) as broker:
        guard = psutil.Process(broker.pid).parent()  # the server itself writes its title over its environment
        assert guard.environ().keys() == {"PATH", *VARIABLES}


@pytest.mark.parametrize(
    ("setting", "value"),
    [("appendonly", b"yes"), ("appendfsync", b"always"), ("maxmemory-policy", b"noeviction"), ("save", b"")],
)
def test_it_is_set_up_to_keep_jobs(tmp_path: Path, setting: str, value: bytes):
    with EmbeddedBroker(tmp_path, sync="always") as broker:
        assert execute(broker.url, "CONFIG", "GET", setting) == [setting.encode(), value]


@pytest.mark.parametrize("port", [None, 0])
def test_what_was_stored_is_there_after_a_restart(tmp_path: Path, port: int | None):
    with EmbeddedBroker(tmp_path, port=port) as broker:
        execute(broker.url, "SET", "job", "1")
    with EmbeddedBroker(tmp_path, port=port) as broker:
        assert execute(broker.url, "GET", "job") == b"1"


def test_a_broker_that_is_started_again_listens_at_the_same_place(tmp_path: Path):
    broker = EmbeddedBroker(tmp_path, port=0).start()
    url = broker.url
    broker.stop()
    try:
        assert broker.start().url == url
        assert answers(url)
    finally:
        broker.stop()


def test_a_killed_server_is_started_again_with_its_jobs(tmp_path: Path):
    with EmbeddedBroker(tmp_path, sync="always") as broker:
        execute(broker.url, "SET", "job", "1")
        os.kill(broker.pid, signal.SIGKILL)
        broker.stop()
        broker.start()
        assert execute(broker.url, "GET", "job") == b"1"


@pytest.mark.parametrize("name", ["a" * 120, "with space", "ünïcode"])
def test_a_path_that_is_no_good_for_a_socket_gets_a_short_one(tmp_path: Path, name: str):
    data = tmp_path / name
    with EmbeddedBroker(data) as broker:
        path = Path(broker.url.removeprefix("unix://"))
        assert len(bytes(path)) <= 100
        assert mode(path.parent) == 0o700
        assert execute(broker.url, "SET", "job", "1") == b"OK"
        assert EmbeddedBroker.running(data) == broker.url
    assert not path.exists()
    with EmbeddedBroker(data) as broker:
        assert execute(broker.url, "GET", "job") == b"1"


def test_a_second_owner_is_refused_and_can_join_instead(tmp_path: Path):
    assert EmbeddedBroker.running(tmp_path) is None
    with EmbeddedBroker(tmp_path) as first:
        with pytest.raises(EmbeddedBrokerFailed, match="another owner"):
            EmbeddedBroker(tmp_path).start()
        assert EmbeddedBroker.running(tmp_path) == first.url
        assert execute(first.url, "PING") == b"PONG"
    assert EmbeddedBroker.running(tmp_path) is None


def test_a_process_joins_the_broker_of_another(tmp_path: Path):
    with owner_of(tmp_path) as owner:
        assert EmbeddedBroker.running(tmp_path) == owner.url


async def test_the_server_ends_when_its_owner_is_killed(tmp_path: Path):
    with owner_of(tmp_path) as owner:
        execute(owner.url, "SET", "job", "1")
        owner.kill()
        await ended(owner.server)
    assert EmbeddedBroker.running(tmp_path) is None
    with EmbeddedBroker(tmp_path) as broker:
        assert execute(broker.url, "GET", "job") == b"1"


def test_a_new_owner_waits_for_the_server_of_a_killed_one(tmp_path: Path):
    with owner_of(tmp_path) as owner:
        owner.kill()
        with EmbeddedBroker(tmp_path) as broker:
            assert execute(broker.url, "PING") == b"PONG"


async def test_a_forked_child_does_not_keep_its_parents_broker_alive(tmp_path: Path):
    with owner_of(tmp_path, then="if os.fork() == 0: os.close(1); signal.pause()") as owner:
        [child] = children_of(owner.process.pid, whose=lambda command: "-c" in command)
        try:
            owner.kill()
            await ended(owner.server)
        finally:
            child.kill()


async def test_a_temporary_folder_is_removed_when_the_owner_is_killed():
    with owner_of("") as owner:
        folder = Path(owner.url.removeprefix("unix://")).parent.parent
        assert folder.exists()
        owner.kill()
        await eventually(lambda: not folder.exists())


def test_a_temporary_folder_is_removed_at_stop():
    with EmbeddedBroker() as broker:
        folder = Path(broker.url.removeprefix("unix://")).parent.parent
        assert folder.exists()
    assert not folder.exists()


async def test_ctrl_c_reaches_the_owner_alone(tmp_path: Path):
    with owner_of(
        # os.write, since the signal may find the owner in the middle of a print.
        tmp_path,
        then="signal.signal(signal.SIGINT, lambda *_: os.write(1, b'draining\\n'))",
    ) as owner:
        os.killpg(owner.process.pid, signal.SIGINT)
        assert owner.process.stdout is not None
        assert owner.process.stdout.readline() == "draining\n"
        assert os.getsid(owner.server.pid) != os.getsid(owner.process.pid)
        assert answers(owner.url)


async def test_stop_leaves_no_process_and_may_be_called_twice():
    broker = EmbeddedBroker().start()
    server = psutil.Process(broker.pid)
    family = [server, server.parent(), *server.parent().children(recursive=True)]
    broker.stop()
    broker.stop()
    for process in family:
        await ended(process)


async def test_a_server_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("toril.bull.embedded.STOPS_WITHIN", 1)
    broker = EmbeddedBroker().start()
    server = psutil.Process(broker.pid)
    server.suspend()
    broker.stop()
    await ended(server)


async def test_it_is_an_async_context_too(tmp_path: Path):
    async with EmbeddedBroker(tmp_path) as broker:
        assert await asyncio.to_thread(execute, broker.url, "PING") == b"PONG"
    assert EmbeddedBroker.running(tmp_path) is None


def test_a_server_that_does_not_start_tells_why_with_its_log(tmp_path: Path):
    with EmbeddedBroker(tmp_path) as broker:
        execute(broker.url, "SET", "job", "1")
    [log] = (tmp_path / "broker").rglob("*.aof")
    log.write_bytes(b"nonsense" + log.read_bytes())
    with pytest.raises(EmbeddedBrokerFailed, match="Bad file format"):
        EmbeddedBroker(tmp_path).start()


def test_a_port_that_is_taken_is_named_and_no_log_is_shown(tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            EmbeddedBrokerFailed, match=rf"failed: port {port} of 127\.0\.0\.1 is taken.*one$"
        ):
            EmbeddedBroker(tmp_path, port=port).start()


@pytest.mark.parametrize("port", [None, 0])
def test_a_program_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, port: int | None):
    monkeypatch.setenv("TORIL_BROKER_BINARY", "/nowhere/valkey-server")
    with pytest.raises(EmbeddedBrokerFailed, match="/nowhere/valkey-server"):
        EmbeddedBroker(port=port).start()


def test_a_broker_that_was_not_started_has_no_url(tmp_path: Path):
    with pytest.raises(EmbeddedBrokerFailed, match="not started"):
        _ = EmbeddedBroker(tmp_path).url


def test_a_folder_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.getuid", lambda: 12345)
    with pytest.raises(EmbeddedBrokerFailed, match="another user"):
        BrokerFolder(tmp_path).create()


@pytest.mark.parametrize("folder", ["a-file", "a-file/below"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, folder: str):
    (tmp_path / "a-file").touch()

    assert EmbeddedBroker.running(tmp_path / folder) is None
    with pytest.raises(EmbeddedBrokerFailed, match=rf"{folder}/broker failed: the folder cannot be made"):
        EmbeddedBroker(tmp_path / folder).start()


def test_the_default_data_folder_is_in_the_current_one_or_named_by_the_environment(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.delenv("TORIL_DATA", raising=False)
    assert default_data_folder() == Path(".toril")
    monkeypatch.setenv("TORIL_DATA", "/var/lib/toril")
    assert default_data_folder() == Path("/var/lib/toril")
