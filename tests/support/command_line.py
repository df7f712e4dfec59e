"""The command `toril`: called inside a test, or started in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Self

from typer.testing import Result

TESTS = Path(__file__).parent.parent
ENDS_WITHIN = 40.0

Toril = Callable[..., Result]
"""Calls the command with the arguments given."""


class CommandProcess:
    """`toril` with the arguments given, in a process (and a process group) of its own, killed at the end."""

    def __init__(self, *arguments: str, folder: Path, **environment: str) -> None:
        known = {
            name: value
            for name, value in os.environ.items()
            if name not in ("TORIL_REDIS_URL", "TORIL_DATABASE_URL", "TORIL_DATA", "LOG_FORMAT")
        }
        self._stderr: BinaryIO = TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._stdout: BinaryIO = TemporaryFile()  # noqa: SIM115 - closed in __exit__
        self._process = subprocess.Popen(
            [sys.executable, "-m", "toril.cli", *arguments],
            cwd=folder,
            env={**known, "PYTHONPATH": str(TESTS), **environment},
            stdin=subprocess.DEVNULL,
            stdout=self._stdout,
            stderr=self._stderr,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._stdout.close()
        self._stderr.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def stdout(self) -> str:
        return _read(self._stdout)

    @property
    def log(self) -> str:
        """What it has written to stderr so far."""
        return _read(self._stderr)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def interrupt_all(self) -> None:
        """What Ctrl-C does: a signal to the whole process group."""
        os.killpg(self._process.pid, signal.SIGINT)

    def exit_code(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(ENDS_WITHIN)


def _read(file: BinaryIO) -> str:
    # Read past the file's position, which the process shares.
    return os.pread(file.fileno(), 10_000_000, 0).decode(errors="replace")
