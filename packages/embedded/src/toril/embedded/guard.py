"""The process between a server and its owner, which ends the one when the other is gone."""

import os
import signal
import subprocess
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import IO

SCRIPT = Path(__file__).with_name("guard.sh")


class Guard:
    """Runs one server, which does not see its owner's environment and outlives its owner by a moment at most.

    Args:
        command: the server's program and arguments.
        folder: where it runs.
        lock: a locked file's descriptor; the lock is held as long as the server runs.
        log: where its stderr goes.
        ending: the signal that ends the server in good order.
        patience: how many seconds it has for that before it is killed.
        leftovers: a folder to remove when the server has ended.
        variables: what its environment has beside PATH.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        folder: Path,
        lock: int,
        log: IO[bytes],
        ending: signal.Signals = signal.SIGTERM,
        patience: int,
        leftovers: Path | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._patience = patience
        sent = ending.name.removeprefix("SIG")
        self._process: subprocess.Popen[bytes] | None = subprocess.Popen(  # noqa: S603 - the shell evaluates none
            ["/bin/sh", SCRIPT, sent, str(patience), str(leftovers or ""), *command],
            stdin=subprocess.PIPE,
            stdout=lock,
            stderr=log,
            bufsize=0,
            cwd=folder,
            env={"PATH": os.defpath, **variables},
            start_new_session=True,
            umask=0o077,
        )
        _guards.add(self)

    @property
    def runs(self) -> bool:
        """Whether the server has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """Ends the server in good order, or by force where that takes too long."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        with suppress(BrokenPipeError):
            process.stdin.write(b"stop\n")
        process.stdin.close()
        try:
            process.wait(2 * self._patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def disown(self) -> None:
        """Lets go of a server that another process owns: a forked child must not keep its parent's alive."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None:
            process.stdin.close()


def _disown_all() -> None:
    for guard in list(_guards):
        guard.disown()


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()
os.register_at_fork(after_in_child=_disown_all)
