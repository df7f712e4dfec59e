"""What an embedded server keeps in its data folder, and how other processes find it there."""

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from toril.embedded.processes import is_alive

FREED_WITHIN = 5.0  # the server of an owner that was killed just now is still on its way out
LONGEST_SOCKET_PATH = 100  # bytes; the system's limit is 104 on macOS and 108 on Linux


def default_data_folder() -> Path:
    """Where commands keep their data: TORIL_DATA, else `.toril` in the current folder."""
    return Path(os.environ.get("TORIL_DATA") or ".toril")


class ServerFolder:
    """A server's folder in a data folder: private to the user, owned by one server at a time.

    The lock is the truth about whether a server lives there: the server itself holds it, so it is free when
    the server is gone, however it went. The state file only says how to reach it.

    Args:
        data: the data folder.
        name: the server's folder in there.
        answers: whether the server at a URL serves.
        failed: makes the error that is raised, from the data folder and a reason.
    """

    def __init__(
        self,
        data: Path,
        name: str,
        *,
        answers: Callable[[str], bool],
        failed: Callable[[str, str], Exception],
    ) -> None:
        self.data = data
        self.path = data.absolute() / name
        self.log = self.path / f"{name}.log"
        self._answers = answers
        self._failed = failed
        self._lock = self.path / "lock"
        self._state = self.path / "state.json"

    def create(self) -> None:
        """Make the folder, for the user alone.

        Raises:
            what `failed` makes: it belongs to another user, or cannot be made.
        """
        self._make_private(self.path)

    @contextmanager
    def locked(self) -> Generator[int]:
        """The lock's descriptor, for a new server to inherit: the lock is held until the last copy is closed.

        Raises:
            what `failed` makes: another server lives here.
        """
        descriptor = os.open(self._lock, os.O_RDONLY | os.O_CREAT, 0o600)
        try:
            self._take(descriptor)
            self._state.unlink(missing_ok=True)
            yield descriptor
        finally:
            os.close(descriptor)

    def socket(self, name: str) -> Path:
        """Where the server is to listen: in the folder, or with a short path if the folder's does not fit.

        Raises:
            what `failed` makes: no path is short enough.
        """
        usual = self.path / name
        if fits_socket(usual):
            return usual
        digest = sha256(bytes(self.path)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"toril-{os.getuid()}" / digest / name
        if not fits_socket(short):
            raise self._failed(str(self.data), "the path is too long for a socket; listen on a port instead")
        self._make_private(short.parent.parent)
        self._make_private(short.parent)
        return short

    def write(self, path: Path, text: str) -> None:
        """Write a file of the folder, for the user alone: it may hold a password."""
        draft = path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        draft.touch(0o600)
        draft.write_text(text)
        draft.replace(path)

    def announce(self, url: str) -> None:
        """Tell other processes of this user where the server listens, and who owns it: this process."""
        self.write(self._state, json.dumps({"url": url, "pid": os.getpid()}))

    def running(self) -> str | None:
        """The URL of the server that lives here and answers, if one does.

        Raises:
            what `failed` makes: this user may not read the folder.
        """
        if not self._locked():
            return None
        try:
            state = json.loads(self._state.read_text())
        except FileNotFoundError:
            return None  # it is starting
        # The server outlives a killed owner by a moment, in which it still answers.
        url = str(state["url"])
        return url if is_alive(state["pid"]) and self._answers(url) else None

    def _take(self, descriptor: int) -> None:
        deadline = time.monotonic() + FREED_WITHIN
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self.running() or time.monotonic() > deadline:
                    raise self._failed(
                        str(self.data),
                        "another owner runs it; connect to that one, or take another data folder",
                    ) from None
                time.sleep(0.01)
            else:
                return

    def _make_private(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if folder.stat(follow_symlinks=False).st_uid != os.getuid():
                raise self._failed(str(folder), "the folder belongs to another user")
            folder.chmod(0o700)
        except OSError as refused:
            raise self._failed(str(folder), f"the folder cannot be made: {refused.strerror}") from refused

    def _locked(self) -> bool:
        try:
            descriptor = os.open(self._lock, os.O_RDONLY)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except PermissionError as refused:
            raise self._failed(str(self.data), "this user may not read the folder") from refused
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(descriptor)


def fits_socket(path: Path) -> bool:
    """Whether a path is short enough for a socket, and the same in a URL, which ioredis does not decode."""
    return len(bytes(path)) <= LONGEST_SOCKET_PATH and quote(str(path)) == str(path)
