"""The way from a child process to its worker."""

import os
import socket
import sys
import threading
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import suppress
from queue import SimpleQueue

from toril.bull.children import EndedChild
from toril.worker.isolation.frames import FrameReader, frame
from toril.worker.isolation.known_errors import read_error
from toril.worker.isolation.messages import Answer, Begin, Call, Cancel, Ended, Failed, Message, Refusal, Run
from toril.worker.process.wall import build_wall

READ_SIZE = 65_536
# What a child ends with that has lost its worker.
ABANDONED = 70


class ParentLink:
    """Reads in a thread, so that a cancellation is heard, and the end of the worker, while a handler runs."""

    def __init__(self, connected: socket.socket) -> None:
        # Neither what a handler starts nor what it forks off may hold the socket open.
        connected.set_inheritable(False)
        os.register_at_fork(after_in_child=connected.close)
        self._socket = connected
        self._runs: SimpleQueue[Run | None] = SimpleQueue()
        self._answers: SimpleQueue[Answer | Refusal] = SimpleQueue()
        self._cancelled = threading.Event()
        self._running = threading.Event()
        self._turn = threading.Lock()
        threading.Thread(target=self._read, name="toril-parent", daemon=True).start()

    def runs(self) -> Iterator[Run]:
        """The runs to perform, one after the other, until the worker closes the socket."""
        while (run := self._runs.get()) is not None:
            yield run

    def end(self, end: Ended) -> None:
        """Tells how the present run ended."""
        try:
            whole = frame(end)
        except ValueError as error:
            whole = frame(Failed(reason=f"InvalidResult: {error}", trace="", is_hopeless=True))
        self._running.clear()
        self._send(whole)

    @property
    def is_cancelled(self) -> bool:
        """See `Link.is_cancelled`."""
        return self._cancelled.is_set()

    def call(self, call: Call) -> list[EndedChild] | None:
        """See `Link.call`."""
        with self._turn:  # the handler may have threads of its own
            if self._cancelled.is_set():
                raise CancelledError
            self._send(frame(call))
            answer = self._answers.get()
        if isinstance(answer, Refusal):
            raise read_error(answer.error)
        return answer.children

    def _send(self, whole: bytes) -> None:
        try:
            self._socket.sendall(whole)
        except OSError:  # the worker is gone, or the handler has closed the socket: nobody can be told
            os._exit(ABANDONED)

    def _read(self) -> None:
        frames = FrameReader()
        with suppress(OSError):
            while data := self._socket.recv(READ_SIZE):
                for message in frames.feed(data):
                    self._take(message)
        if self._running.is_set():
            os._exit(ABANDONED)
        self._runs.put(None)

    def _take(self, message: Message) -> None:
        match message:
            case Begin(path=path, has_wall=has_wall):
                sys.path[:] = path
                if has_wall:
                    build_wall()
            case Run():
                # A cancellation that is heard before was of the run before, and came too late.
                self._cancelled.clear()
                self._running.set()
                self._runs.put(message)
            case Cancel():
                self._cancelled.set()
            case Answer() | Refusal():
                self._answers.put(message)
            case _:
                raise AssertionError(f"not for a child: {message.kind}")
