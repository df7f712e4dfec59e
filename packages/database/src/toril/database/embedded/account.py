"""Whose rights the server has. PostgreSQL refuses to run as root, so root's server runs as nobody."""

import os
import pwd
import stat
import sys
from pathlib import Path
from typing import NamedTuple

UNPRIVILEGED = "nobody"

# Run by a Python of its own: a process that has threads cannot change its user safely between fork and exec.
_STEP_DOWN = (
    "import os, sys; user, group = map(int, sys.argv[1:3]); "
    "os.setgroups([]); os.setgid(group); os.setuid(user); os.execv(sys.argv[3], sys.argv[3:])"
)


class Account(NamedTuple):
    """A user of the system that the server runs as.

    Attributes:
        is_own: whether it is who runs this process.
    """

    user: int
    group: int
    is_own: bool

    def command(self, *words: str | Path) -> list[str]:
        """The command as this account runs it."""
        own = [str(word) for word in words]
        if self.is_own:
            return own
        return [sys.executable, "-I", "-S", "-c", _STEP_DOWN, str(self.user), str(self.group), *own]

    def reaches(self, path: Path) -> bool:
        """Whether it may go to where the path is: through every folder above it."""
        return self.is_own or all(self._may_pass(folder) for folder in path.resolve().parents)

    def own(self, path: Path) -> None:
        """Give it a folder, and the folder to nobody else."""
        path.chmod(0o700)
        if not self.is_own:
            os.chown(path, self.user, self.group)

    def _may_pass(self, folder: Path) -> bool:
        status = folder.stat()
        if status.st_uid == self.user:
            return bool(status.st_mode & stat.S_IXUSR)
        return bool(status.st_mode & stat.S_IXOTH)


def server_account() -> Account:
    """Ours, or that of nobody if we are root."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid(), is_own=True)
    known = pwd.getpwnam(UNPRIVILEGED)
    return Account(known.pw_uid, known.pw_gid, is_own=False)
