"""A server of one's own, whatever it serves."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import IO, Self, TypeVar

from toril.embedded.guard import Guard
from toril.embedded.ports import is_taken

T = TypeVar("T")

READY_WITHIN = 60.0  # one that was killed has to recover, and much data takes its time to load
LOG_TAIL = 2_000


class EmbeddedServer(ABC):
    """It runs from `start` to `stop`, or for as long as a `with` or an `async with` lasts.

    Args:
        data: the folder that keeps its data; None for a temporary one.
        failed: makes the error that is raised, from the data folder and a reason.
    """

    def __init__(self, data: Path | None, *, failed: Callable[[str, str], Exception]) -> None:
        self._data = data
        self._failed = failed
        self._guard: Guard | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server that was started here has not ended."""
        return self._guard is not None and self._guard.runs

    @abstractmethod
    def start(self) -> Self:
        """Start the server and wait until it serves. One that runs already is left as it is."""

    def stop(self) -> None:
        """End the server, its writes on the disk. Nothing happens when it is not running."""
        guard, self._guard = self._guard, None
        if guard is not None:
            guard.stop()

    def _started(self, known: T | None) -> T:
        """What is known of a server since it was started for the first time.

        Raises:
            what `failed` makes: it never was.
        """
        if known is None:
            raise self._failed(str(self._data or "a temporary folder"), "it was not started")
        return known

    def _why_not_ready(
        self, answers: Callable[[], bool], *, look_every: float, port: int | None, log: IO[bytes]
    ) -> str | None:
        """Wait until the server answers; if it does not, why, in words.

        Args:
            look_every: seconds.
            port: where it was to listen, if not on a Unix socket alone.
            log: what it writes, for its last words.
        """
        deadline = time.monotonic() + READY_WITHIN
        while not answers():
            if not self.is_running:
                if port and is_taken(port):
                    return f"port {port} of 127.0.0.1 is taken; name another one, or 0 for a free one"
                log.seek(0)
                return f"the server ended: {log.read()[-LOG_TAIL:].decode(errors='replace')}"
            if time.monotonic() > deadline:
                return f"the server does not serve after {READY_WITHIN} s"
            time.sleep(look_every)
        return None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        return await asyncio.to_thread(self.start)

    async def __aexit__(self, *_: object) -> None:
        await asyncio.to_thread(self.stop)


def joined_or_started(
    running: Callable[[], str | None], start: Callable[[], str], failure: type[Exception]
) -> str:
    """The URL of the server that runs already, or of the one that is started for want of it.

    Args:
        running: tells the URL of one that runs.
        start: starts one and tells its URL; raises `failure` if it does not start.
    """
    joined = running()
    if joined is not None:
        return joined
    try:
        return start()
    except failure:
        # Another process may have started one at the same moment.
        joined = running()
        if joined is None:
            raise
        return joined
