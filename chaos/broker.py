"""The broker that is broken: killed, started again on what it had written, or stopped for a while."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from chaos.standstill import stand_still
from toril.bull.embedded import EmbeddedBroker


class Sync(StrEnum):
    """When the append-only file reaches the disk."""

    ALWAYS = "always"
    EVERY_SECOND = "everysec"


class Outage(NamedTuple):
    """From when to when something did not serve, by the monotonic clock."""

    began: float
    over: float


class Broker:
    """A private server with an append-only file, on a port of loopback.

    Attributes:
        outages: when it was down, so far.
    """

    def __init__(self, data: Path, sync: Sync) -> None:
        self.sync = sync
        self.outages: list[Outage] = []
        self._server = EmbeddedBroker(data, port=0, sync=sync.value)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def pid(self) -> int:
        return self._server.pid

    @asynccontextmanager
    async def running(self) -> AsyncGenerator["Broker"]:
        """It ends with the block."""
        await asyncio.to_thread(self._server.start)
        try:
            yield self
        finally:
            await asyncio.to_thread(self._server.stop)

    async def kill(self, *, down_for: float) -> None:
        """SIGKILL; so many seconds later it is started again, on the same port and what it had written."""
        began = time.monotonic()
        os.kill(self._server.pid, signal.SIGKILL)
        await asyncio.to_thread(self._server.stop)
        await asyncio.sleep(down_for)
        await asyncio.to_thread(self._server.start)
        self.outages.append(Outage(began, time.monotonic()))

    async def stop(self, seconds: float) -> None:
        """It stands still for so many seconds: connections stay open, and nothing is answered."""
        began = time.monotonic()
        await stand_still(self._server.pid, seconds)
        self.outages.append(Outage(began, time.monotonic()))
