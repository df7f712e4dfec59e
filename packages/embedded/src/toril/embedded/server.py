"""A server of one's own, whatever it serves."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

from toril.embedded.guard import Guard


class EmbeddedServer(ABC):
    """It runs from `start` to `stop`, or for as long as a `with` or an `async with` lasts."""

    def __init__(self) -> None:
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
