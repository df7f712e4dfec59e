"""Servers that a command runs in the foreground."""

import signal
import threading

from toril.worker.process.shutdown import SIGNALS

LOOK_EVERY = 1.0
"""How often such a command looks whether its server still runs, in seconds."""


def end_at_signal() -> threading.Event:
    """What SIGTERM and Ctrl-C set from now on."""
    ended = threading.Event()

    def end(_number: int, _frame: object) -> None:
        ended.set()

    for number in SIGNALS:
        signal.signal(number, end)
    return ended
