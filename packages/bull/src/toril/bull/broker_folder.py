"""What an embedded broker keeps in its data folder, and how other processes find it there."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from toril.bull.errors import EmbeddedBrokerFailed
from toril.bull.server_address import ServerAddress
from toril.bull.thread_connection import dial

ANSWERS_WITHIN = 1.0
FREED_WITHIN = 5.0  # the server of an owner that was killed just now is still on its way out
LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 on macOS and 108 on Linux


class BrokerFolder:
    """The folder `broker` in a data folder: private to the user, owned by one broker at a time.

    The lock is the truth about whether a broker lives there: the server itself holds it, so it is free when
    the server is gone, however it went. The state file only says how to reach it.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.path = data.absolute() / "broker"
        self.config = self.path / "broker.conf"
        self.log = self.path / "broker.log"
        self.pid = self.path / "broker.pid"
        self._lock = self.path / "lock"
        self._state = self.path / "state.json"

    def create(self) -> None:
        """Make the folder, for the user alone."""
        _make_private(self.path)

    @contextmanager
    def locked(self) -> Generator[int]:
        """The lock's descriptor, for a new server to inherit: the lock is held until the last copy is closed.

        Raises:
            EmbeddedBrokerFailed: another broker lives here.
        """
        descriptor = os.open(self._lock, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            self._take(descriptor)
            self._state.unlink(missing_ok=True)
            yield descriptor
        finally:
            os.close(descriptor)

    def socket(self) -> Path:
        """Where the server is to listen: in the folder, or with a short path if the folder's does not fit.

        Raises:
            EmbeddedBrokerFailed: no path short enough.
        """
        usual = self.path / "broker.sock"
        if _fits(usual):
            return usual
        digest = sha256(bytes(self.path)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"toril-{os.getuid()}" / f"{digest}.sock"
        if not _fits(short):
            raise EmbeddedBrokerFailed(
                str(self.data), "the path is too long for a socket; listen on a port instead"
            )
        _make_private(short.parent)
        return short

    def configure(self, settings: str) -> None:
        """Write the server's settings, for the user alone: they may hold a password."""
        _write_private(self.config, settings)

    def announce(self, url: str) -> None:
        """Tell other processes of this user where the broker listens, and who owns it: this process."""
        _write_private(self._state, json.dumps({"url": url, "pid": os.getpid()}))

    def running(self) -> str | None:
        """The URL of the broker that lives here and answers, if one does."""
        if not self._locked():
            return None
        try:
            state = json.loads(self._state.read_text())
        except FileNotFoundError:
            return None  # it is starting
        # The server outlives a killed owner by a moment, in which it still answers.
        url = str(state["url"])
        return url if _lives(state["pid"]) and answers(url) else None

    def _take(self, descriptor: int) -> None:
        deadline = time.monotonic() + FREED_WITHIN
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self.running() or time.monotonic() > deadline:
                    raise EmbeddedBrokerFailed(
                        str(self.data),
                        "another owner runs it; connect to that one, or take another data folder",
                    ) from None
                time.sleep(0.01)
            else:
                return

    def _locked(self) -> bool:
        try:
            descriptor = os.open(self._lock, os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)


def answers(url: str) -> bool:
    """Whether the broker at `url` serves: it may be starting, loading its data, or gone."""
    server = ServerAddress.parse(url)
    requests = [f"AUTH {server.password}", "PING"] if server.password else ["PING"]
    try:
        with dial(server, ANSWERS_WITHIN) as dialled, dialled.makefile("rb") as replies:
            dialled.sendall("".join(f"{request}\r\n" for request in requests).encode())
            last = [replies.readline(512) for _ in requests][-1]
    except OSError:
        return False
    return last == b"+PONG\r\n"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # somebody else's
    return True


def _fits(path: Path) -> bool:
    """Short enough for a socket, and the same in a URL, which ioredis does not decode."""
    return len(bytes(path)) <= LONGEST_SOCKET_PATH and quote(str(path)) == str(path)


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat(follow_symlinks=False).st_uid != os.getuid():
        raise EmbeddedBrokerFailed(str(folder), "the folder belongs to another user")
    folder.chmod(0o700)


def _write_private(path: Path, text: str) -> None:
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(0o600)
    draft.write_text(text)
    draft.replace(path)
