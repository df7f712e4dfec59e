"""A process that is kept running."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from toril.cli.exit_codes import ExitCode

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
STEADY_AFTER = 60.0  # a process that lived so long begins anew with the first pause
NOT_RESTARTED = (ExitCode.OK, ExitCode.USAGE)
OUTPUT_ENDS_WITHIN = 1.0  # children of a process that has ended may hold its output open
CHUNK = 65_536

Tell = Callable[[str, str], None]
"""Given the name of a process and a line that it wrote."""

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.cli")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a process is started, and ended.

    Attributes:
        name: for people.
        words: the program and its arguments.
        environment: all of its variables.
        ends_within: seconds between SIGTERM and SIGKILL.
    """

    name: str
    words: Sequence[str]
    environment: Mapping[str, str]
    ends_within: float


class KeptProcess:
    """Starts a command again when it crashes, after pauses that grow, until it is told to stop.

    The process is in a group of its own, so that Ctrl-C reaches it once, through here; its stdin is a pipe
    that ends with this process, by which it notices that it is alone.

    Args:
        tell: given every line that it writes; None leaves it the terminal.
        descriptors: what the process inherits beside its streams.
        mendable: whether somebody may call `restart` because its files have changed. Then it waits for that
            when it has ended for good.
    """

    def __init__(
        self,
        command: Command,
        *,
        tell: Tell | None = None,
        descriptors: Sequence[int] = (),
        mendable: bool = False,
    ) -> None:
        self.command = command
        self._tell = tell
        self._descriptors = descriptors
        self._mendable = mendable
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._restarting = False
        self._called = asyncio.Event()
        self._log = _log.bind(process=command.name)

    async def run(self) -> int:
        """Keep it running until `stop`, or until it has ended for good; how it ended.

        If this is cancelled, the process is ended, too.
        """
        pauses = _pauses()
        exit_code = ExitCode.OK.value
        while not self._stopping:
            self._called.clear()
            started_at = time.monotonic()
            exit_code = await self._run_once()
            if not (self._stopping or self._restarting):
                if exit_code in NOT_RESTARTED and not self._mendable:
                    return exit_code
                if time.monotonic() - started_at > STEADY_AFTER:
                    pauses = _pauses()
                await self._rest(exit_code, pauses)
            if self._restarting:
                self._restarting, pauses = False, _pauses()
        return exit_code

    @property
    def is_stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping

    def stop(self) -> None:
        """Tell it to end, and not to begin again; called again, tell it once more."""
        if self._stopping:
            self._send(signal.SIGTERM)
        self._stopping = True
        self._called.set()

    def restart(self) -> None:
        """Tell it to end and begin again: its files have changed."""
        self._restarting = True
        self._called.set()

    async def _rest(self, exit_code: int, pauses: Iterator[float]) -> None:
        """Wait for the next attempt."""
        if exit_code in NOT_RESTARTED:
            self._log.error("process ended; it is started again when a file changes", exit_code=exit_code)
            await self._called.wait()
            return
        pause = next(pauses)
        self._log.error("process crashed", exit_code=exit_code, restart_in=pause)
        with suppress(TimeoutError):
            async with asyncio.timeout(pause):
                await self._called.wait()

    async def _run_once(self) -> int:
        process = await asyncio.create_subprocess_exec(
            *self.command.words,
            env=dict(self.command.environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if self._tell else None,
            stderr=asyncio.subprocess.STDOUT if self._tell else None,
            pass_fds=self._descriptors,
            process_group=0,
        )
        self._log.info("process started", pid=process.pid)
        async with asyncio.TaskGroup() as group:
            self._process = process
            output = group.create_task(self._relay(process.stdout))
            ending = group.create_task(self._end_when_called(process))
            try:
                return await process.wait()
            finally:
                if process.returncode is None:  # this was cancelled
                    self._called.set()
                    await process.wait()
                ending.cancel()
                self._process = None
                await asyncio.wait([output], timeout=OUTPUT_ENDS_WITHIN)
                output.cancel()

    async def _end_when_called(self, process: asyncio.subprocess.Process) -> None:
        await self._called.wait()
        self._send(signal.SIGTERM)
        await asyncio.sleep(self.command.ends_within)
        self._log.error("process does not end, killed")
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    async def _relay(self, stream: asyncio.StreamReader | None) -> None:
        """Tell what it writes, line by line; a line that does not end is told in pieces."""
        if stream is None or self._tell is None:
            return
        rest = b""
        while chunk := await stream.read(CHUNK):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > CHUNK:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._tell(self.command.name, line.decode(errors="replace"))
        if rest:
            self._tell(self.command.name, rest.decode(errors="replace"))

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):  # it has just ended
                self._process.send_signal(number)


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)
