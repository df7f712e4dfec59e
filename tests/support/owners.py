"""Processes that own an embedded server, and die as a test likes."""

import subprocess
import sys
from typing import Self

import psutil

from support.processes import is_alive
from support.waiting import eventually


class Owner:
    """A Python program that starts a server and prints the server's process id and URL.

    Attributes:
        process: the program's.
        server: the server's.
    """

    def __init__(self, program: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        pid, self.url = self.process.stdout.readline().split()
        self.server = psutil.Process(int(pid))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


async def ended(process: psutil.Process) -> None:
    """Waits until a process has ended."""
    await eventually(lambda: not is_alive(process))
