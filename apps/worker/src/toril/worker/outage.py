"""Redis is gone: keep trying for ever, gently, and say so once."""

import asyncio
import time
from collections.abc import Iterator

from toril.bull.errors import BullError
from toril.bull.pauses import reconnect_pauses
from toril.worker import log

FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


class Outage:
    """Whether one worker reaches Redis, as all its loops find out."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._began: float | None = None
        self._pauses = _pauses()

    @property
    def lasts(self) -> bool:
        return self._began is not None

    async def endure(self, error: BullError) -> None:
        """Waits before the next try: a jittered while that doubles up to two seconds."""
        if self._began is None:
            self._began = time.monotonic()
            log.broker_lost(self._queue, str(error))
        await asyncio.sleep(next(self._pauses))

    def over(self) -> None:
        """Redis has answered."""
        if self._began is not None:
            log.broker_back(self._queue, time.monotonic() - self._began)
            self._began = None
            self._pauses = _pauses()


def _pauses() -> Iterator[float]:
    return reconnect_pauses(first=FIRST_PAUSE, longest=LONGEST_PAUSE)
