"""What an embedded PostgreSQL keeps in its data folder, and how other processes find it there."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from toril.database.embedded.account import Account
from toril.database.embedded.program import SYSTEM_FOLDER
from toril.database.errors import EmbeddedPostgresFailed
from toril.embedded import ServerFolder, fits_socket

ANSWERS_WITHIN = 2
USER = "toril"
SOCKET = ".s.PGSQL.5432"
MADE_WITHIN = 120.0
_NEW_CLUSTER = ("--auth-local=trust", "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C")
_PROVIDER = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")


class PostgresFolder(ServerFolder):
    """The folder `postgres` in a data folder.

    Attributes:
        cluster: what PostgreSQL calls its data directory.
        sockets: the folder of its Unix socket, for the user and the server alone.
    """

    def __init__(self, data: Path, account: Account) -> None:
        super().__init__(data, "postgres", answers=answers, failed=EmbeddedPostgresFailed)
        self._account = account
        self.cluster = self.path / "cluster"
        self.sockets = self.path / "sockets"

    def create(self) -> None:
        super().create()
        if self._account.is_own:
            self.sockets = self.socket(f"sockets/{SOCKET}").parent
        else:
            place = self._find_reachable_place()
            place.chmod(0o711)  # nobody may pass, and list nothing
            self.cluster, self.sockets = place / "cluster", place / "sockets"
        self.sockets.mkdir(exist_ok=True)
        self._account.own(self.sockets)

    def make_cluster(self, programs: Path, lock: int) -> None:
        """Make the cluster, if there is none: whole or not at all.

        Raises:
            EmbeddedPostgresFailed: it cannot be made.
        """
        if self.cluster.exists():
            # The lock is ours, so no server lives here: what a killed one left behind must not stop the next.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            return
        draft = self.cluster.with_name("cluster.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir()
        self._account.own(draft)
        made = subprocess.run(  # noqa: S603 - the programs are ours
            self._account.command(
                programs / "initdb",
                "-D",
                draft,
                "-U",
                USER,
                "--no-sync",
                "--no-instructions",
                *_NEW_CLUSTER,
                *_PROVIDER,
            ),
            stdin=lock,
            capture_output=True,
            text=True,
            cwd="/",
            env={},
            timeout=MADE_WITHIN,
            check=False,
        )
        if made.returncode != 0:
            raise EmbeddedPostgresFailed(str(self.data), f"initdb: {made.stderr.strip()}")
        draft.rename(self.cluster)

    def remove(self) -> None:
        """Remove all that a server which has ended left behind, also what lies elsewhere for its sake."""
        link = self.path / "elsewhere"
        if link.is_symlink() and link.readlink().is_relative_to(SYSTEM_FOLDER):
            shutil.rmtree(link.readlink(), ignore_errors=True)
        shutil.rmtree(self.path, ignore_errors=True)

    def _find_reachable_place(self) -> Path:
        """Where the server's account can get to: this folder, else one of the system's that it links to."""
        if self._account.reaches(self.path) and fits_socket(self.path / "sockets" / SOCKET):
            return self.path
        link = self.path / "elsewhere"
        if not link.exists():
            (SYSTEM_FOLDER / "data").mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(tempfile.mkdtemp(dir=SYSTEM_FOLDER / "data"))
        return link.readlink()


def answers(url: str) -> bool:
    """Whether the server at `url` serves: it may be starting, recovering, or gone."""
    try:
        with psycopg.connect(url, connect_timeout=ANSWERS_WITHIN):
            return True
    except psycopg.OperationalError:
        return False
