"""A private PostgreSQL: it serves, it keeps what was committed, and it ends with its owner."""

import os
import signal
import stat
from pathlib import Path

import psutil
import psycopg
import pytest

from support.owners import Owner, ended
from support.waiting import eventually
from toril.database import EmbeddedPostgres, EmbeddedPostgresFailed
from toril.database.embedded import program
from toril.database.embedded.account import Account, server_account

PROGRAM = """
import signal, sys
from pathlib import Path
from toril.database import EmbeddedPostgres

server = EmbeddedPostgres(Path(sys.argv[1]) if sys.argv[1] else None).start()
print(server.pid, server.url, flush=True)
while True:
    signal.pause()
"""


def value(url: str, query: str):
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        return row and row[0]


def test_it_serves_with_pgvector_on_a_socket_that_is_closed_to_others(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        assert value(server.url, "SHOW listen_addresses") == ""
        assert value(server.url, "SELECT current_database() || ' ' || current_user") == "toril toril"
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE EXTENSION vector")
            assert connection.execute("SELECT '[1,2]'::vector <-> '[1,4]'::vector").fetchone() == (2.0,)
        for name in ("cluster", "sockets"):
            assert stat.S_IMODE((data / "postgres" / name).stat().st_mode) == 0o700
        assert stat.S_IMODE((data / "postgres" / "state.json").stat().st_mode) == 0o600


def test_it_does_not_run_as_root(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        assert psutil.Process(server.pid).uids().real == server_account().user != 0


def test_on_a_port_it_wants_a_password_that_no_process_shows(data: Path) -> None:
    with EmbeddedPostgres(data, port=0) as server:
        password = server.url.split("@")[0].removeprefix("postgresql://toril:")
        assert len(password) == 64
        assert value(server.url, "SELECT 1") == 1
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url.replace(password, "guess"))
        family = psutil.Process(server.pid)
        shown = [word for process in (family, *family.parents()[:1]) for word in process.cmdline()]
        assert not any(password in word for word in shown)
        assert {each.laddr.ip for each in family.net_connections("tcp")} == {"127.0.0.1"}


def test_the_server_does_not_see_its_owners_environment(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORIL_REDIS_URL", "redis://:secret@host")
    with EmbeddedPostgres(data) as server:
        guard = psutil.Process(server.pid).parent()
        assert guard.environ().keys() == {"PATH"}


def test_what_was_committed_is_there_after_a_restart_and_after_a_kill(data: Path) -> None:
    with EmbeddedPostgres(data) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        os.kill(server.pid, signal.SIGKILL)
        server.stop()
        server.start()
        assert value(server.url, "SELECT number FROM kept") == 7
    with EmbeddedPostgres(data) as server:
        assert value(server.url, "SELECT number FROM kept") == 7


def test_a_second_owner_is_refused_and_can_join_instead(data: Path) -> None:
    assert EmbeddedPostgres.running(data) is None
    with EmbeddedPostgres(data) as first:
        with pytest.raises(EmbeddedPostgresFailed, match="another owner"):
            EmbeddedPostgres(data).start()
        assert EmbeddedPostgres.running(data) == first.url
    assert EmbeddedPostgres.running(data) is None


async def test_the_server_ends_when_its_owner_is_killed(data: Path) -> None:
    with Owner(PROGRAM, data) as owner:
        assert EmbeddedPostgres.running(data) == owner.url
        owner.kill()
        await ended(owner.server)
    assert EmbeddedPostgres.running(data) is None
    with EmbeddedPostgres(data) as server:
        assert value(server.url, "SELECT 1") == 1


async def test_a_temporary_folder_is_removed_when_the_owner_is_killed() -> None:
    with Owner(PROGRAM, "") as owner:
        folder = Path(owner.url.split("host=")[1].replace("%2F", "/")).parent.parent
        assert folder.exists()
        owner.kill()
        await eventually(lambda: not folder.exists())


def test_a_server_that_was_not_started_has_no_url(data: Path) -> None:
    with pytest.raises(EmbeddedPostgresFailed, match="not started"):
        _ = EmbeddedPostgres(data).url


def test_a_server_that_does_not_start_tells_why_with_its_log(data: Path) -> None:
    with EmbeddedPostgres(data):
        pass
    (data / "postgres" / "cluster" / "PG_VERSION").write_text("9.6\n")
    with pytest.raises(EmbeddedPostgresFailed, match="not compatible with this version"):
        EmbeddedPostgres(data).start()


def test_an_initdb_that_was_killed_on_its_way_is_begun_anew(data: Path) -> None:
    draft = data / "postgres" / "cluster.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(data) as server:
        assert value(server.url, "SELECT 1") == 1


def test_where_there_is_no_postgres_the_error_says_what_to_do(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "WHEEL", "no_such_wheel")
    monkeypatch.setenv("PATH", str(data))
    with pytest.raises(EmbeddedPostgresFailed, match="TORIL_DATABASE_URL"):
        EmbeddedPostgres(data).start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's server runs as another user")
def test_roots_server_runs_although_data_and_programs_are_closed_to_it(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = data / "system"
    system.mkdir(mode=0o755)
    closed = data / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setattr(program, "SYSTEM_FOLDER", system)
    monkeypatch.setattr("toril.database.embedded.folder.SYSTEM_FOLDER", system)
    reaches = Account.reaches
    monkeypatch.setattr(
        Account, "reaches", lambda self, path: "site-packages" not in str(path) and reaches(self, path)
    )
    with EmbeddedPostgres(closed) as server:
        assert value(server.url, "SELECT 1") == 1
        assert str(system) in psutil.Process(server.pid).exe()
    with EmbeddedPostgres(closed) as server:
        assert EmbeddedPostgres.running(closed) == server.url
    assert not (closed / "postgres" / "cluster").exists()


def test_a_database_that_is_removed_leaves_nothing_behind(tmp_path: Path):
    with EmbeddedPostgres(tmp_path) as server:
        cluster = Path(value(server.url, "SHOW data_directory"))
        assert cluster.exists()
    EmbeddedPostgres.remove(tmp_path)

    assert not cluster.parent.exists()
    assert list(tmp_path.iterdir()) == []
