"""How late an event loop is: measured from within, read from any thread."""

import asyncio
import time
from collections.abc import Callable

INTERVAL = 0.5


class Heartbeat:
    """Beats on the event loop of a worker, for as long as its task runs.

    Args:
        on_beat: called with each beat.
    """

    def __init__(self, on_beat: Callable[[], None]) -> None:
        self._on_beat = on_beat
        self._due: float | None = None

    @property
    def lag(self) -> float:
        """Seconds by which the next beat is late; 0 if it is not, or if nothing beats."""
        due = self._due
        return 0.0 if due is None else max(time.monotonic() - due, 0.0)

    async def beat(self) -> None:
        """Beats until it is cancelled."""
        try:
            while True:
                self._due = time.monotonic() + INTERVAL
                await asyncio.sleep(INTERVAL)
                self._on_beat()
        finally:
            self._due = None
