"""A server is gone: keep trying for ever, gently, and say so once."""

import asyncio
import time
from collections.abc import Callable

from toril.bull.pauses import reconnect_pauses


class Outage:
    """Whether a server is reached, as all find out that need it.

    Args:
        lost: called with the reason when it is found to be gone.
        back: called when it answers again, with the seconds since then.
        first, longest: of the pauses between two tries, in seconds.
    """

    def __init__(
        self,
        *,
        lost: Callable[[str], None],
        back: Callable[[float], None],
        first: float = 0.02,
        longest: float = 1.0,
    ) -> None:
        self._lost = lost
        self._back = back
        self._first = first
        self._longest = longest
        self._began: float | None = None
        self._pauses = reconnect_pauses(first=first, longest=longest)

    @property
    def lasts(self) -> bool:
        return self._began is not None

    def pause(self, reason: str) -> float:
        """How many seconds to wait before the next try: a jittered while that doubles up to the longest."""
        if self._began is None:
            self._began = time.monotonic()
            self._lost(reason)
        return next(self._pauses)

    async def endure(self, error: Exception) -> None:
        """Waits before the next try."""
        await asyncio.sleep(self.pause(str(error)))

    def over(self) -> None:
        """It has answered."""
        if self._began is not None:
            self._back(time.monotonic() - self._began)
            self._began = None
            self._pauses = reconnect_pauses(first=self._first, longest=self._longest)
