"""A measured system as the driver sees it: a process that answers requests."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

from bench.systems import node

ROOT = Path(__file__).parents[1]
TORIL, NODE, PORT, BARE = "toril", "node", "port", "bare"
SYSTEMS = (TORIL, NODE, PORT)
ANSWERS_WITHIN = 120.0
ENDS_WITHIN = 5.0
LONGEST_LINE = 4_000_000


class SystemFailed(Exception):
    """A measured system raised, ended, or did not answer in time.

    Attributes:
        system: its name.
    """

    def __init__(self, system: str, reason: str) -> None:
        self.system = system
        super().__init__(f"{system}: {reason}")


class Subject:
    """One system in its own process.

    Attributes:
        system: its name.
        versions: what it runs on, by name.
    """

    def __init__(self, system: str, requests: asyncio.StreamWriter, replies: asyncio.StreamReader) -> None:
        self.system = system
        self.versions: dict[str, str] = {}
        self._requests = requests
        self._replies = replies

    @classmethod
    @asynccontextmanager
    async def start(cls, system: str, url: str) -> AsyncGenerator[Self]:
        """Runs a system on the broker at `url`; it ends with the block.

        Raises:
            SystemFailed: it did not come up.
            NodeUnavailable: there is no Node to run it with.
        """
        process = await asyncio.create_subprocess_exec(
            *await asyncio.to_thread(_command, system, url),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,  # Ctrl-C is for the driver, which then ends them all
        )
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are PIPE
        try:
            subject = cls(system, process.stdin, process.stdout)
            subject.versions = await subject._answer()
            yield subject
        finally:
            process.stdin.close()
            await _ended(process)

    async def ask(self, operation: str, **parameters: Any) -> Any:
        """What the system answers to one operation of bench/systems/protocol.py.

        Raises:
            SystemFailed: it raised, ended, or did not answer within ANSWERS_WITHIN.
        """
        request = {"operation": operation, "parameters": parameters}
        self._requests.write(f"{json.dumps(request)}\n".encode())
        return await self._answer()

    async def _answer(self) -> Any:
        try:
            line = await asyncio.wait_for(self._replies.readline(), ANSWERS_WITHIN)
        except TimeoutError:
            raise SystemFailed(self.system, f"no answer within {ANSWERS_WITHIN:.0f} s") from None
        if not line:
            raise SystemFailed(self.system, "it ended; what it wrote stands above")
        reply = json.loads(line)
        if "error" in reply:
            raise SystemFailed(self.system, reply["error"])
        return reply["result"]


def _command(system: str, url: str) -> list[str]:
    if system == NODE:
        return node.command(url)
    module = "bench.bare" if system == BARE else f"bench.systems.{system}"
    return [sys.executable, "-m", module, url]


async def _ended(process: asyncio.subprocess.Process) -> None:
    """Waits for the end of a process whose stdin is closed; what does not end is killed."""
    try:
        await asyncio.wait_for(process.wait(), ENDS_WITHIN)
    except TimeoutError:
        process.kill()
        await process.wait()
