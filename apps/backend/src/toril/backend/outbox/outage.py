"""PostgreSQL or Redis is gone: keep trying for ever, gently, and say so once."""

import time

from toril.backend.outbox import log
from toril.bull.pauses import reconnect_pauses


class Outage:
    """Whether one of them is reached."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._began: float | None = None
        self._pauses = reconnect_pauses()

    def pause(self, reason: str) -> float:
        """How many seconds to wait before the next try: a jittered while that doubles up to one second."""
        if self._began is None:
            self._began = time.monotonic()
            log.lost(self._what, reason)
        return next(self._pauses)

    def over(self) -> None:
        """It has answered."""
        if self._began is not None:
            log.back(self._what, time.monotonic() - self._began)
            self._began = None
            self._pauses = reconnect_pauses()
