"""Waking one of several tasks that wait for the same thing."""

import asyncio
from collections import deque


class Bell:
    """Each ring wakes one task that waits; a ring that nobody hears is not kept."""

    def __init__(self) -> None:
        self._listening: deque[asyncio.Future[None]] = deque()

    def ring(self) -> None:
        while self._listening:
            listener = self._listening.popleft()
            if not listener.done():
                listener.set_result(None)
                return

    def ring_all(self) -> None:
        while self._listening:
            self.ring()

    async def wait(self) -> None:
        listener = asyncio.get_running_loop().create_future()
        self._listening.append(listener)
        await listener
