"""What our classes talk over."""

import asyncio
from dataclasses import dataclass

from toril.bull.connection import Connection
from toril.bull.thread_connection import ThreadConnection


@dataclass(frozen=True)
class Connections:
    """Our two kinds of connection, and the event loop that runs the first."""

    runner: asyncio.Runner
    asynchronous: Connection
    blocking: ThreadConnection
