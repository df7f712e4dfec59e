"""One child process, as its worker sees it."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import cast

import psutil

from toril.worker.errors import ChildProcessDied
from toril.worker.isolation.frames import FrameReader, frame
from toril.worker.isolation.messages import Begin, Message
from toril.worker.process.wall import wall_stands

Obituary = Callable[[int, int], ChildProcessDied]
"""Makes the error of a child's death from its process id and exit code."""


class ChildProcess(asyncio.Protocol):
    """A fresh Python that runs one job after the other; `toril.worker.isolation.child` is its program.

    It shares nothing with its worker but a socket, whose end is the end of either. It is in a session of its
    own: Ctrl-C reaches the worker alone, and what its handlers start is killed with it.
    """

    def __init__(self) -> None:
        self._said: asyncio.Queue[Message | None] = asyncio.Queue()
        self._frames = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._obituary: Obituary = ChildProcessDied
        self.runs = 0

    @classmethod
    async def start(cls) -> "ChildProcess":
        """Starts one; it is ready for its first run at once, which waits until Python has started.

        Raises:
            OSError: the system refuses another process.
        """
        ours, its = socket.socketpair()
        with its:
            child = cls()
            try:
                await asyncio.get_running_loop().create_unix_connection(lambda: child, sock=ours)
            except BaseException:
                ours.close()
                raise
            try:
                child._start_process(its.fileno())
            except BaseException:
                child.dismiss()
                raise
        child.send(Begin(path=_module_path(), has_wall=wall_stands()))
        return child

    def _start_process(self, fd: int) -> None:
        # It returns as soon as the program is loaded, and nothing can cancel it half-way.
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-X", "faulthandler", "-m", "toril.worker.isolation.child", str(fd)],
            stdin=subprocess.DEVNULL,
            pass_fds=(fd,),
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        """Its process id; 0 if there is no process yet."""
        return self._process.pid if self._process else 0

    @property
    def has_ended(self) -> bool:
        """Whether the process runs no more. It is not reaped, so that its id still means its group."""
        try:
            return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    @property
    def is_of_use(self) -> bool:
        """Whether it could run another job."""
        return self._transport is not None and not self._transport.is_closing()

    @property
    def memory(self) -> int:
        """How many bytes of memory it holds at present (its resident set); 0 once it has ended."""
        try:
            return psutil.Process(self.pid).memory_info().rss
        except psutil.Error:
            return 0

    def send(self, message: Message) -> None:
        """Sends a message; if the child is gone, that is found out by who reads its answer.

        Raises:
            ValueError: it is larger than the child takes.
        """
        if self._transport is not None:
            self._transport.write(frame(message))

    async def receive(self) -> Message:
        """What it says next.

        Raises:
            ChildProcessDied: it says nothing any more.
        """
        said = await self._said.get()
        if said is not None:
            return said
        raise self._obituary(self.pid, await self.bury())

    def kill(self, obituary: Obituary | None = None) -> None:
        """Ends it, and what its handlers have started, by force; `obituary` says why."""
        if obituary is not None:
            self._obituary = obituary
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only the dead are left
                os.killpg(self.pid, signal.SIGKILL)
        self.dismiss()

    async def bury(self) -> int:
        """Leaves nothing of it, nor of what its handlers have started; its exit code."""
        self.kill()
        return await asyncio.to_thread(self._process.wait) if self._process else 0

    def dismiss(self) -> None:
        """Closes the socket: an idle child ends by itself."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            for message in self._frames.feed(data):
                self._said.put_nowait(message)
        except ValueError:
            # Whatever writes there, it is not our program any more.
            self.kill()

    def connection_lost(self, exc: Exception | None) -> None:
        self._said.put_nowait(None)


def _module_path() -> list[str]:
    """Where this process looks for modules; "" is the current folder."""
    return [os.path.abspath(path) for path in sys.path]
