"""Waking one of several tasks that wait for the same thing."""

import asyncio
from collections import deque
from collections.abc import Awaitable


class Bell:
    """Each ring wakes one task that waits; a ring that nobody hears is not kept."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._listening: deque[asyncio.Future[None]] = deque()

    @property
    def is_heard(self) -> bool:
        """Whether anybody waits for it."""
        return len(self._listening) > 0

    def ring(self) -> None:
        while self._listening:
            listener = self._listening.popleft()
            if not listener.done():
                listener.set_result(None)
                return

    def ring_all(self) -> None:
        while self._listening:
            self.ring()

    def wait(self) -> Awaitable[None]:
        listener = self._loop.create_future()
        self._listening.append(listener)
        return listener
