"""Several worker processes that live and end together."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

import structlog

from toril.bull.broker_url import URL_VARIABLE
from toril.bull.connection import Connection
from toril.cli.brokers import CLIENT_NAME
from toril.cli.errors import MembersFailed
from toril.cli.exit_codes import ExitCode
from toril.worker.process.shutdown import ENDS_WITHIN, SIGNALS

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
KILLED_AFTER = 5.0  # what a member gets beyond the time within which it ends itself
STEADY_AFTER = 60.0  # a member that lived so long begins anew with the first pause
NOT_RESTARTED = (ExitCode.OK, ExitCode.USAGE)

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.cli")


def supervise(arguments: Sequence[str], processes: int, *, url: str, strict: bool, grace: float) -> None:
    """Run this command again in `processes` processes until all have ended.

    Args:
        arguments: the command's own; each member gets its number as well, and the URL by environment, where
            other users cannot see it.

    Raises:
        BrokerUnavailable: Redis does not answer.
        MembersFailed: a member cannot work at all, or ended badly once it was told to end.
    """
    asyncio.run(_check_broker(url, strict=strict))
    asyncio.run(Supervisor(arguments, url=url, grace=grace).run(processes))


async def _check_broker(url: str, *, strict: bool) -> None:
    async with await Connection.open(url, client_name=CLIENT_NAME, strict=strict):
        pass


class Supervisor:
    """Starts worker processes, restarts those that crash, and hands signals on.

    Each is in a process group of its own, so that Ctrl-C reaches it once, through here; its stdin is a pipe
    that ends with this process, by which it notices that it is alone.
    """

    def __init__(self, arguments: Sequence[str], *, url: str, grace: float) -> None:
        self._arguments = arguments
        self._environment = {**os.environ, URL_VARIABLE: url}
        self._grace = grace
        self._members: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._worst = ExitCode.OK.value

    async def run(self, processes: int) -> None:
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._loop.add_signal_handler(number, self._stop)
        _log.info("supervisor started", processes=processes)
        async with asyncio.TaskGroup() as group:
            for member in range(1, processes + 1):
                group.create_task(self._keep_running(member))
        _log.info("all worker processes have ended", exit_code=self._worst)
        if self._worst:
            raise MembersFailed(self._worst)

    async def _keep_running(self, member: int) -> None:
        pauses = _pauses()
        while not self._stopping.is_set():
            started_at = time.monotonic()
            exit_code = await self._run_once(member)
            if self._stopping.is_set() or exit_code in NOT_RESTARTED:
                self._ended_for_good(member, exit_code)
                return
            if time.monotonic() - started_at > STEADY_AFTER:
                pauses = _pauses()
            pause = next(pauses)
            _log.error("worker process crashed", member=member, exit_code=exit_code, restart_in=pause)
            await self._stopping_within(pause)

    async def _run_once(self, member: int) -> int:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a queue.py in the current folder is not Python's
            "-m",
            "toril.cli",
            *self._arguments,
            f"--member={member}",
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            process_group=0,
        )
        _log.info("worker process started", member=member, pid=process.pid)
        self._members[member] = process
        if self._stopping.is_set():
            _send(process, signal.SIGTERM)
        try:
            return await process.wait()
        finally:
            del self._members[member]

    def _ended_for_good(self, member: int, exit_code: int) -> None:
        _log.info("worker process ended", member=member, exit_code=exit_code)
        if exit_code != -signal.SIGTERM:  # it was not yet listening when it was told to end
            self._worst = self._worst or exit_code
        if exit_code == ExitCode.USAGE and not self._stopping.is_set():
            self._stop()  # the others were given the same

    def _stop(self) -> None:
        if not self._stopping.is_set():
            self._stopping.set()
            self._loop.call_later(self._grace + ENDS_WITHIN + KILLED_AFTER, self._kill)
        for process in self._members.values():
            _send(process, signal.SIGTERM)

    def _kill(self) -> None:
        for member, process in self._members.items():
            _log.error("worker process does not end, killed", member=member)
            _send(process, signal.SIGKILL)

    async def _stopping_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has just ended
        process.send_signal(number)


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)
