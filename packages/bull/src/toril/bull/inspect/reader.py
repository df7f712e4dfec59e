"""What everything that reads a queue needs."""

from collections.abc import Sequence
from typing import Any

from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.scripts import load


class QueueReader:
    """Reads one queue by the scripts in lua/watching."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self.keys = keys
        self._connection = connection

    async def _run(
        self, script: str, arguments: Sequence[Argument] = (), *, timeout: float = CALL_WITHIN
    ) -> Any:
        loaded = load(f"watching/{script}")
        return await self._connection.run(loaded, [self.keys.meta], arguments, timeout=timeout)
