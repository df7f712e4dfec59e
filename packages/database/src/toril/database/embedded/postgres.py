"""A private PostgreSQL for development, tests and small deployments: it ends with its owner."""

import secrets
import signal
import tempfile
from pathlib import Path
from typing import IO, Self
from urllib.parse import quote

import psycopg
from psycopg import sql

from toril.database.embedded.account import Account, server_account
from toril.database.embedded.folder import USER, PostgresFolder, answers
from toril.database.embedded.program import server_programs
from toril.database.errors import EmbeddedPostgresFailed
from toril.embedded import EmbeddedServer, Guard, free_port

STOPS_WITHIN = 10
LOOK_EVERY = 0.01
DATABASE = "toril"
USUAL_PORT = 5432  # on a Unix socket it is only a part of the socket's name

SETTINGS = {
    "unix_socket_permissions": "0700",
    # In the data folder: nothing is left behind elsewhere, and a container's small /dev/shm is no bound.
    "dynamic_shared_memory_type": "mmap",
    "logging_collector": "off",
}
THROWN_AWAY = {"fsync": "off", "full_page_writes": "off"}


class EmbeddedPostgres(EmbeddedServer):
    """A PostgreSQL of one's own, with pgvector, out of the reach of other users.

    It ends with its owner, even a killed one. Started again on the same data, it has all that was committed.
    Root's server runs as `nobody`, as PostgreSQL refuses to be root; where that user cannot enter the data
    folder, the data are in `/var/lib/toril`.

    Args:
        data: the folder that keeps the data, for one owner at a time. None: a temporary one, removed at stop.
        port: listen on this port of 127.0.0.1 too, behind a password (0: a free one), not only on a socket.
    """

    def __init__(self, data: Path | None = None, *, port: int | None = None) -> None:
        super().__init__(data, failed=EmbeddedPostgresFailed)
        self._port = port
        self._folder: PostgresFolder | None = None
        self._url: str | None = None

    @staticmethod
    def running(data: Path) -> str | None:
        """The URL of the server that lives on this data folder, whoever owns it, if one answers."""
        return PostgresFolder(data, server_account()).running()

    @staticmethod
    def remove(data: Path) -> None:
        """Remove the database of this data folder for good, once its server has ended."""
        PostgresFolder(data, server_account()).remove()

    @property
    def url(self) -> str:
        """Where it listens, as libpq, asyncpg and SQLAlchemy read it. With `port` it holds the password: not
        for logs.

        Raises:
            EmbeddedPostgresFailed: it was never started.
        """
        return self._started(self._url)

    @property
    def pid(self) -> int:
        """The server's process.

        Raises:
            EmbeddedPostgresFailed: it was never started.
        """
        folder = self._started(self._folder)
        return int((folder.cluster / "postmaster.pid").read_text().split("\n", 1)[0])

    def start(self) -> Self:
        """Start the server and wait until it serves. One that runs already is left as it is.

        Raises:
            EmbeddedPostgresFailed: no server program, a data folder in use, or a server that does not start.
        """
        if self.is_running:
            return self
        account = server_account()
        programs = server_programs(account)
        data = self._data or _temporary_folder(account)
        folder = self._folder = PostgresFolder(data, account)
        folder.create()
        self._port = free_port() if self._port == 0 else self._port  # the same one when it is started again
        with folder.locked() as lock, folder.log.open("w+b") as log:
            folder.make_cluster(programs, lock)
            self._guard = Guard(
                account.command(programs / "postgres", "-D", folder.cluster, *self._settings(folder)),
                folder=Path("/"),
                lock=lock,
                log=log,
                ending=signal.SIGINT,  # at once; at SIGTERM it would wait until the last client has gone
                patience=STOPS_WITHIN,
                leftovers=None if self._data else data,
            )
            try:
                self._wait_until_ready(folder, log)
                self._url = self._prepare(folder)
            except BaseException:
                self.stop()
                raise
        folder.announce(self._url)
        return self

    def _settings(self, folder: PostgresFolder) -> list[str]:
        settings = SETTINGS | ({} if self._data else THROWN_AWAY)
        settings["listen_addresses"] = "" if self._port is None else "127.0.0.1"
        settings["port"] = str(self._port or USUAL_PORT)
        settings["unix_socket_directories"] = str(folder.sockets)
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _wait_until_ready(self, folder: PostgresFolder, log: IO[bytes]) -> None:
        url = self._socket_url(folder, "postgres")
        fault = self._why_not_ready(lambda: answers(url), look_every=LOOK_EVERY, port=self._port, log=log)
        if fault is not None:
            raise EmbeddedPostgresFailed(str(folder.data), fault)

    def _prepare(self, folder: PostgresFolder) -> str:
        """Make the database, if there is none, and a new password; the URL for everybody."""
        with psycopg.connect(self._socket_url(folder, "postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if known.fetchone() is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
            if self._port is None:
                return self._socket_url(folder, DATABASE)
            password = secrets.token_hex(32)
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(USER), sql.Literal(password))
            )
        return f"postgresql://{USER}:{password}@127.0.0.1:{self._port}/{DATABASE}"

    def _socket_url(self, folder: PostgresFolder, database: str) -> str:
        port = "" if self._port is None else f"&port={self._port}"
        return f"postgresql://{USER}@/{database}?host={quote(str(folder.sockets), safe='')}{port}"


def _temporary_folder(account: Account) -> Path:
    """A folder of its own that the server's account can get to."""
    usual = Path(tempfile.gettempdir())
    parent = usual if account.reaches(usual / "any") else Path("/tmp")  # noqa: S108 - mkdtemp makes it private
    folder = Path(tempfile.mkdtemp(prefix="toril-", dir=parent))
    if not account.is_own:
        folder.chmod(0o711)
    return folder
