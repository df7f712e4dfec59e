"""An application while it runs."""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from toril.bull.broker_url import URL_VARIABLE
from toril.bull.embedded import EmbeddedBroker
from toril.cli.dev.application import Application
from toril.cli.dev.commands import broker_command, worker_command
from toril.cli.errors import PartEnded
from toril.cli.kept_process import Command, KeptProcess, Tell

LOOK_EVERY = 0.02


class Session:
    """Starts the parts of an application one after the other, each once what it needs is there, keeps them
    running, and ends them in the opposite order.

    Args:
        application: what it consists of.
        project: the folder where its modules are found, and its `pyproject.toml`.
        data: where the broker keeps its jobs.
        tell: given each line that a process writes.
        mendable: whether `restart` will be called when files change; else what cannot work ends everything.
    """

    def __init__(
        self, application: Application, *, project: Path, data: Path, tell: Tell, mendable: bool
    ) -> None:
        self._application = application
        self._project = project
        self._data = data
        self._tell = tell
        self._mendable = mendable
        self._processes: list[KeptProcess] = []
        self._restarted: list[KeptProcess] = []

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """All parts run, or have been started at least, for as long as the block lasts.

        Raises:
            EnvironmentFailed: the environment of a walled-off worker cannot be made.
            PartEnded: in a group; a part has ended for good.
        """
        variables = dict(os.environ)
        async with AsyncExitStack() as parts:
            variables[URL_VARIABLE] = await self._broker(parts)
            workers = [
                worker_command(name, worker, project=self._project, variables=variables)
                for name, worker in self._application.workers.items()
            ]
            await parts.enter_async_context(self._kept(workers, mendable=self._mendable))
            yield

    def restart(self) -> None:
        """Start again what runs the application's own code: its files have changed."""
        for process in self._restarted:
            process.restart()

    def hasten(self) -> None:
        """Tell every process once more to end."""
        for process in self._processes:
            process.stop()

    async def _broker(self, parts: AsyncExitStack) -> str:
        """The URL of the broker: the one that is named, or runs on the data folder, or is started."""
        known = os.environ.get(URL_VARIABLE) or EmbeddedBroker.running(self._data)
        if known:
            return known
        await parts.enter_async_context(self._kept([broker_command(self._data)], mendable=False))
        while not (url := await asyncio.to_thread(EmbeddedBroker.running, self._data)):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(LOOK_EVERY)
        return url

    @asynccontextmanager
    async def _kept(self, commands: Sequence[Command], *, mendable: bool) -> AsyncGenerator[None]:
        """Processes that are kept running for as long as the block lasts."""
        processes = [KeptProcess(each, tell=self._tell, mendable=mendable) for each in commands]
        self._processes += processes
        self._restarted += processes if mendable else []
        async with asyncio.TaskGroup() as group:
            for process in processes:
                group.create_task(_keep(process), name=process.command.name)
            try:
                yield
            finally:
                for process in processes:
                    process.stop()


async def _keep(process: KeptProcess) -> None:
    exit_code = await process.run()
    if not process.is_stopping:
        raise PartEnded(process.command.name, exit_code)
