"""An application while it runs."""

import asyncio
import os
import socket
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from toril.bull.broker_url import URL_VARIABLE
from toril.bull.embedded import EmbeddedBroker
from toril.cli.dev.application import Application
from toril.cli.dev.commands import (
    broker_command,
    gateway_command,
    outbox_command,
    postgres_command,
    web_command,
    worker_command,
)
from toril.cli.dev.sole_session import sole_session
from toril.cli.errors import AddressTaken, PartEnded
from toril.cli.kept_process import Command, KeptProcess, Tell
from toril.database import Database, EmbeddedPostgres
from toril.database.database_url import URL_VARIABLE as DATABASE_VARIABLE
from toril.embedded import free_port

LOOK_EVERY = 0.02
HOST = "127.0.0.1"


class Addresses(NamedTuple):
    """Where an application is reached: its own web application, and the gateway to its jobs."""

    web: str | None
    gateway: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """How an application is run.

    Attributes:
        project: the folder where its modules are found, and its `pyproject.toml`.
        data: where the broker keeps its jobs and PostgreSQL its data.
        web_port, gateway_port: of 127.0.0.1; 0 is a free one.
        mendable: whether `restart` will be called when files change; else what cannot work ends everything.
    """

    project: Path
    data: Path
    web_port: int = 0
    gateway_port: int = 0
    mendable: bool = False


class Session:
    """Starts the parts of an application one after the other, each once what it needs is there, keeps them
    running, and ends them in the opposite order.

    Args:
        tell: given each line that a process writes.
    """

    def __init__(self, application: Application, settings: SessionSettings, tell: Tell) -> None:
        self._application = application
        self._settings = settings
        self._tell = tell
        self._processes: list[KeptProcess] = []
        self._mendable: list[KeptProcess] = []
        self._lock: int | None = None

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[Addresses]:
        """All parts run, or have been started at least, for as long as the block lasts.

        Raises:
            SessionRuns: another one is at work on the data folder.
            EnvironmentFailed: the environment of a walled-off worker cannot be made.
            AddressTaken: a port is not free.
            MigrationError: a migration of its own cannot be applied.
            PartEnded: in a group; a part has ended for good.
        """
        application, settings = self._application, self._settings
        addresses = self._addresses()
        variables = dict(os.environ)
        async with AsyncExitStack() as parts:
            self._lock = await parts.enter_async_context(sole_session(settings.data, self._tell))
            variables[URL_VARIABLE] = await self._server(
                parts, os.environ.get(URL_VARIABLE), broker_command(settings.data), EmbeddedBroker.running
            )
            if application.migrations is not None:
                variables[DATABASE_VARIABLE] = await self._database(parts, application.migrations)
                await parts.enter_async_context(self._kept([outbox_command(variables)]))
            workers = [
                # uv may have to install something first.
                await asyncio.to_thread(
                    worker_command, name, worker, project=settings.project, variables=variables
                )
                for name, worker in application.workers.items()
            ]
            await parts.enter_async_context(self._kept(workers, mendable=settings.mendable))
            servers = list(self._web_commands(addresses, variables))
            await parts.enter_async_context(self._kept(servers, mendable=settings.mendable))
            yield addresses

    def restart(self) -> None:
        """Start again what runs the application's own code: its files have changed."""
        for process in self._mendable:
            process.restart()

    def hasten(self) -> None:
        """Tell every process once more to end."""
        for process in self._processes:
            process.stop()

    async def _database(self, parts: AsyncExitStack, migrations: Sequence[str]) -> str:
        """The URL of PostgreSQL, with the tables of the outbox and of the application."""
        data = self._settings.data
        known = os.environ.get(DATABASE_VARIABLE)
        url = await self._server(parts, known, postgres_command(data), EmbeddedPostgres.running)
        async with Database.connect(url, max_connections=1) as database:
            for migration in await database.migrate(*migrations):
                self._tell("dev", f"applied {migration.name} of {migration.package}")
        return url

    async def _server(
        self,
        parts: AsyncExitStack,
        known: str | None,
        command: Command,
        running: Callable[[Path], str | None],
    ) -> str:
        """The URL of a server: the one that is named, or runs on the data folder, or is started."""
        data = self._settings.data
        if url := known or await asyncio.to_thread(running, data):
            return url
        await parts.enter_async_context(self._kept([command]))
        while not (url := await asyncio.to_thread(running, data)):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(LOOK_EVERY)
        return url

    def _web_commands(self, addresses: Addresses, variables: Mapping[str, str]) -> Iterator[Command]:
        application = self._application
        if addresses.gateway:
            yield gateway_command(application.contracts, _port_of(addresses.gateway), variables)
        if application.web and addresses.web:
            yield web_command(application.web, _port_of(addresses.web), variables)

    def _addresses(self) -> Addresses:
        application, settings = self._application, self._settings
        return Addresses(
            web=_address(settings.web_port, "--web-port") if application.web else None,
            gateway=_address(settings.gateway_port, "--gateway-port") if application.contracts else None,
        )

    @asynccontextmanager
    async def _kept(self, commands: Sequence[Command], *, mendable: bool = False) -> AsyncGenerator[None]:
        """Processes that are kept running for as long as the block lasts."""
        held = [] if self._lock is None else [self._lock]
        processes = [
            KeptProcess(each, tell=self._tell, descriptors=held, mendable=mendable) for each in commands
        ]
        self._processes += processes
        self._mendable += processes if mendable else []
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


def _address(port: int, option: str) -> str:
    """Where a server will listen, on a free port unless one is wanted.

    Raises:
        AddressTaken: the port is not free.
    """
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        raise AddressTaken(HOST, port, error.strerror or str(error), options=option) from error
    return f"http://{HOST}:{port or free_port()}"


def _port_of(address: str) -> int:
    return urlsplit(address).port or 80
