"""The processes that are broken: a producer, and workers that are killed, stopped and replaced."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple, Self

from chaos.systems.commands import producer_command, worker_command
from chaos.terms import Part

ROOT = Path(__file__).parents[1]
ENDS_WITHIN = 60.0
LOG_TAIL = 2_000


class Death(NamedTuple):
    """A worker that was made to end.

    Attributes:
        at: when it was told to, by the monotonic clock.
        killed: SIGKILL; else SIGTERM.
        exit_code: what it ended with; None while it runs.
    """

    worker: int
    at: float
    killed: bool
    exit_code: int | None


class Member:
    """A process of ours, in a group of its own, and what it says.

    Attributes:
        part: what it was told.
        system: which program it is.
    """

    def __init__(self, process: asyncio.subprocess.Process, system: str, part: Part, log: Path) -> None:
        self.part = part
        self.system = system
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, system: str, command: Sequence[str], part: Part, log: Path) -> Self:
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env={**os.environ, "TORIL_REDIS_URL": part.url, **part.environment()},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        return cls(process, system, part, log)

    @property
    def group(self) -> int:
        """Its process group, by which the ledger knows it."""
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process.returncode is None

    def terminate(self) -> None:
        """SIGTERM to the process that leads the group, as a supervisor of services sends it."""
        with suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a machine does that goes down."""
        with suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGKILL)

    async def ended(self) -> int:
        """Its exit code, once it has ended.

        Raises:
            TimeoutError: it does not end within ENDS_WITHIN.
        """
        async with asyncio.timeout(ENDS_WITHIN):
            return await self._process.wait()

    def last_words(self) -> str:
        return self._log.read_text(errors="replace")[-LOG_TAIL:]


class Fleet:
    """The workers of one run.

    Attributes:
        deaths: those that were made to end, so far.
    """

    def __init__(self, folder: Path) -> None:
        self.deaths: list[Death] = []
        self.workers: list[Member] = []
        self._members: list[Member] = []
        self._folder = folder

    @classmethod
    @asynccontextmanager
    async def gathered(cls, folder: Path) -> AsyncGenerator[Self]:
        """Whoever still runs at the end of the block is killed."""
        fleet = cls(folder)
        try:
            yield fleet
        finally:
            for member in fleet._members:
                member.kill()
            for member in fleet._members:
                await member.ended()

    async def hire(self, system: str, part: Part) -> Member:
        """One worker more."""
        command = await asyncio.to_thread(worker_command, system, part)
        worker = await self._start(system, command, part)
        self.workers.append(worker)
        return worker

    async def producer(self, system: str, part: Part) -> Member:
        """A process that adds jobs, and ends."""
        command = await asyncio.to_thread(producer_command, system, part)
        return await self._start(system, command, part)

    async def kill(self, worker: Member) -> None:
        """Ends it by force."""
        await self._end(worker, worker.kill, killed=True)

    async def dismiss(self, worker: Member) -> None:
        """Asks it to end, and waits until it has."""
        await self._end(worker, worker.terminate, killed=False)

    async def dismiss_all(self) -> None:
        """The same for all, at once."""
        async with asyncio.TaskGroup() as group:
            for worker in list(self.workers):
                group.create_task(self.dismiss(worker))

    async def _start(self, system: str, command: Sequence[str], part: Part) -> Member:
        log = self._folder / f"{len(self._members)}-{system}.txt"
        member = await Member.start(system, command, part, log)
        self._members.append(member)
        return member

    async def _end(self, worker: Member, end: Callable[[], None], *, killed: bool) -> None:
        self.workers.remove(worker)
        at = time.monotonic()
        end()
        try:
            exit_code = await worker.ended()
        except TimeoutError:
            exit_code = None
        self.deaths.append(Death(worker.group, at, killed, exit_code))
