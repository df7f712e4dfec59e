"""How a worker process notices that its supervisor is gone, however it went."""

import os
import sys
import threading

from toril.worker.process.shutdown import Shutdown


def follow_supervisor(shutdown: Shutdown) -> None:
    """Shut down when stdin ends: the supervisor holds its other end, and holds it for nothing else."""

    def wait_for_the_end() -> None:
        while os.read(stdin, 1):
            pass
        shutdown.request("supervisor gone")

    stdin = sys.stdin.fileno()
    threading.Thread(target=wait_for_the_end, name="toril-lifeline", daemon=True).start()
