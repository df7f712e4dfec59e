"""Several worker processes that live and end together."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

import structlog

from toril.bull.broker_url import URL_VARIABLE
from toril.bull.connection import Connection
from toril.cli.brokers import CLIENT_NAME
from toril.cli.errors import MembersFailed
from toril.cli.exit_codes import ExitCode
from toril.cli.kept_process import Command, KeptProcess
from toril.cli.members_health import MembersHealth
from toril.worker.process.shutdown import ENDS_WITHIN, SIGNALS

KILLED_AFTER = 5.0  # what a member gets beyond the time within which it ends itself

_log: structlog.stdlib.BoundLogger = structlog.get_logger("toril.cli")


def supervise(
    arguments: Sequence[str],
    processes: int,
    *,
    url: str,
    strict: bool,
    grace: float,
    health: MembersHealth | None = None,
) -> None:
    """Run this command again in `processes` processes until all have ended.

    Args:
        arguments: the command's own; each member gets its number as well, and the URL by environment, where
            other users cannot see it.
        health: asks the members how they are doing, where somebody wants to know.

    Raises:
        BrokerUnavailable: Redis does not answer.
        MembersFailed: a member cannot work at all, or ended badly once it was told to end.
    """
    asyncio.run(_check_broker(url, strict=strict))
    asyncio.run(Supervisor(arguments, url=url, grace=grace, health=health).run(processes))


async def _check_broker(url: str, *, strict: bool) -> None:
    async with await Connection.open(url, client_name=CLIENT_NAME, strict=strict):
        pass


class Supervisor:
    """Keeps worker processes running, and hands signals on."""

    def __init__(
        self, arguments: Sequence[str], *, url: str, grace: float, health: MembersHealth | None = None
    ) -> None:
        self._arguments = arguments
        self._environment = {**os.environ, URL_VARIABLE: url}
        self._health = health
        self._ends_within = grace + ENDS_WITHIN + KILLED_AFTER
        self._members: list[KeptProcess] = []
        self._is_stopping = False
        self._worst = ExitCode.OK.value

    async def run(self, processes: int) -> None:
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._stop)
        self._members = [KeptProcess(self._command(number)) for number in range(1, processes + 1)]
        _log.info("supervisor started", processes=processes)
        async with asyncio.TaskGroup() as group:
            for member in self._members:
                group.create_task(self._keep_running(member))
        _log.info("all worker processes have ended", exit_code=self._worst)
        if self._worst:
            raise MembersFailed(self._worst)

    async def _keep_running(self, member: KeptProcess) -> None:
        exit_code = await member.run()
        _log.info("process ended", process=member.command.name, exit_code=exit_code)
        if exit_code != -signal.SIGTERM:  # it was not yet listening when it was told to end
            self._worst = self._worst or exit_code
        if exit_code == ExitCode.USAGE and not self._is_stopping:
            self._stop()  # the others were given the same

    def _command(self, member: int) -> Command:
        return Command(
            name=f"worker {member}",
            words=[
                sys.executable,
                "-P",  # a queue.py in the current folder is not Python's
                "-m",
                "toril.cli",
                *self._arguments,
                f"--member={member}",
                *([f"--health-socket={self._health.socket_of(member)}"] if self._health else []),
            ],
            environment=self._environment,
            ends_within=self._ends_within,
        )

    def _stop(self) -> None:
        self._is_stopping = True
        for member in self._members:
            member.stop()
