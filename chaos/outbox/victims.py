"""What is killed with SIGKILL, and started again."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from toril.bull.embedded import EmbeddedBroker
from toril.database import EmbeddedPostgres


class Relay:
    """`toril outbox`, in a process of its own."""

    def __init__(self, database_url: str, redis_url: str) -> None:
        self._command = [
            *(sys.executable, "-m", "toril.cli", "outbox", "--poll", "1"),
            *("--database-url", database_url, "--url", redis_url),
        ]
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )

    async def kill(self) -> None:
        if self._process is None:
            return
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def kill_and_start(server: EmbeddedBroker | EmbeddedPostgres) -> None:
    """Nothing is written any more from one moment to the next; it comes back with what it had written."""
    os.kill(server.pid, signal.SIGKILL)
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(server.start)


@asynccontextmanager
async def servers() -> AsyncGenerator[tuple[EmbeddedPostgres, EmbeddedBroker]]:
    """Both, in a folder that is removed at the end. What Redis has acknowledged is on its disk."""
    with _reachable_folder() as folder:
        async with EmbeddedPostgres(folder) as postgres, EmbeddedBroker(folder, sync="always") as broker:
            yield postgres, broker


@contextmanager
def _reachable_folder() -> Generator[Path]:
    with tempfile.TemporaryDirectory(prefix="toril-chaos-") as name:
        Path(name).chmod(0o711)  # root's PostgreSQL runs as another user, who has to get there
        yield Path(name)
