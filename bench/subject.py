"""A measured system as the driver sees it: a process that answers requests."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self

import psutil

from bench.registry import ROOT, Registered
from tests.support.node_install import NodeUnavailable

ANSWERS_WITHIN = 120.0
ENDS_WITHIN = 5.0
LONGEST_LINE = 4_000_000


class SystemFailed(Exception):
    """A measured system raised, ended, or did not answer in time.

    Attributes:
        system: its name.
        reason: what happened.
    """

    def __init__(self, system: str, reason: str) -> None:
        self.system = system
        self.reason = reason
        super().__init__(f"{system}: {reason}")


class SystemMissing(SystemFailed):
    """A system is not installed."""


class Subject:
    """One system in its own process.

    Attributes:
        system: which one.
        versions: what it runs on, by name.
        lacks: what it cannot do, and why.
    """

    def __init__(self, system: Registered, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - they are PIPE
        self.system = system
        self.versions: dict[str, str] = {}
        self.lacks: dict[str, str] = {}
        self._process = process
        self._requests = process.stdin
        self._replies = process.stdout
        self._answers_within = ANSWERS_WITHIN

    @classmethod
    @asynccontextmanager
    async def start(cls, system: Registered, url: str) -> AsyncGenerator[Self]:
        """Runs a system on the broker at `url`; it ends with the block, and so does what it started.

        Raises:
            SystemMissing: it is not installed.
            SystemFailed: it did not come up.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *await asyncio.to_thread(system.command, url),
                cwd=ROOT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_LINE,
                start_new_session=True,  # Ctrl-C is for the driver, which then ends them all
            )
        except FileNotFoundError as error:
            raise SystemMissing(system.name, f"there is no {error.filename}") from None
        except NodeUnavailable as error:
            raise SystemMissing(system.name, str(error)) from error
        try:
            subject = cls(system, process)
            greeting = await subject._answer()
            subject.versions, subject.lacks = greeting["versions"], greeting["lacks"]
            yield subject
        finally:
            await _end(process)

    async def ask(self, operation: str, **parameters: Any) -> Any:
        """What the system answers to one operation of bench/systems/protocol.py.

        Raises:
            SystemFailed: it raised, ended, or did not answer in time.
        """
        request = {"operation": operation, "parameters": parameters}
        self._requests.write(f"{json.dumps(request)}\n".encode())
        return await self._answer()

    @property
    def memory(self) -> int:
        """Bytes of memory in which its process, and those that it started, stand now."""
        process = psutil.Process(self._process.pid)
        return sum(each.memory_info().rss for each in (process, *process.children(recursive=True)))

    def allow(self, seconds: float) -> None:
        """Lets each answer take so long, if that is longer."""
        self._answers_within = max(self._answers_within, seconds)

    async def _answer(self) -> Any:
        name = self.system.name
        try:
            line = await asyncio.wait_for(self._replies.readline(), self._answers_within)
        except TimeoutError:
            raise SystemFailed(name, f"no answer within {self._answers_within:.0f} s") from None
        if not line:
            raise SystemFailed(name, "it ended; what it wrote stands above")
        reply = json.loads(line)
        if "missing" in reply:
            raise SystemMissing(name, reply["missing"])
        if "error" in reply:
            raise SystemFailed(name, reply["error"])
        return reply["result"]


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends a process by closing its stdin, and kills what is left of it and its children."""
    assert process.stdin is not None  # noqa: S101 - it is PIPE
    process.stdin.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # its session is its own
    await process.wait()
