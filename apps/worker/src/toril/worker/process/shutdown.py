"""How a worker process ends: SIGTERM and SIGINT drain it, a second one stops it at once."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from typing import NoReturn

import structlog

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# What a worker itself allows for cancelled handlers and for the last outcomes, and something for the rest.
ENDS_WITHIN = 12.0
ENDED_BY_FORCE = 7
"""The exit code of a process that was ended by force."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.worker")


class Shutdown:
    """Listens for signals in a thread, so that handlers which hold up the event loop cannot stop it.

    Args:
        stop: called on the event loop for each of the first two signals.
        grace: how many seconds a drain may take; when they and ENDS_WITHIN are over, or at the third signal,
            the process is ended by force.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, stop: Callable[[], None], *, grace: float) -> None:
        self._loop = loop
        self._stop = stop
        self._grace = grace
        # Its `put` may be called where a signal has interrupted whatever ran.
        self._heard: SimpleQueue[str | None] = SimpleQueue()

    @contextmanager
    def listening(self, signals: Sequence[signal.Signals] = SIGNALS) -> Generator[None]:
        """Signals mean shutdown inside the `with`, and nothing after it: the process ends by itself then."""
        for number in signals:
            signal.signal(number, self._hear)
        thread = threading.Thread(target=self._watch, name="toril-shutdown", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._heard.put(None)
            thread.join()

    def request(self, why: str) -> None:
        """As a signal does; from any thread."""
        self._heard.put(why)

    def _hear(self, number: int, _frame: object) -> None:
        self._heard.put(signal.Signals(number).name)

    def _watch(self) -> None:
        why = self._heard.get()
        if why is None:
            return
        _log.info("draining; a second signal stops at once", signal=why, grace=self._grace)
        if self._stopped_after(self._grace + ENDS_WITHIN):
            return
        _log.warning("stopping at once; a third signal ends the process by force")
        if self._stopped_after(ENDS_WITHIN):
            return
        end_by_force("asked for by a third signal")

    def _stopped_after(self, seconds: float) -> bool:
        """Stops, and waits: True for the end, False for the next signal. Past the time there is no return."""
        self._loop.call_soon_threadsafe(self._stop)
        try:
            return self._heard.get(timeout=seconds) is None
        except Empty:
            end_by_force(f"handlers have not ended within {seconds:g} s")


def end_by_force(why: str) -> NoReturn:
    """End the process, though something in it will not end; its jobs run again once their locks ran out."""
    _log.error("ended by force", reason=why)
    os._exit(ENDED_BY_FORCE)
