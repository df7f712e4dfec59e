"""How a process notices that its supervisor is gone, however it went."""

import os
import sys
import threading
from collections.abc import Callable


def when_supervisor_ends(call: Callable[[], object]) -> None:
    """Call something, in a thread, when stdin ends: the supervisor holds its other end, for nothing else."""

    def wait_for_the_end() -> None:
        while os.read(stdin, 1):
            pass
        call()

    stdin = sys.stdin.fileno()
    threading.Thread(target=wait_for_the_end, name="toril-lifeline", daemon=True).start()
