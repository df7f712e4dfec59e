"""A broker of a test's own that can be frozen, as a server is that hangs."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from toril.bull.embedded import EmbeddedBroker


@contextmanager
def frozen(broker: EmbeddedBroker) -> Iterator[None]:
    """The broker takes connections but answers nothing, until the end."""
    os.kill(broker.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)
