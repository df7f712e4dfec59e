"""A pool of connections to PostgreSQL, for an application's own statements."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from toril.database.address import describe
from toril.database.connecting import LIVENESS, connect
from toril.database.database_url import database_url
from toril.database.errors import DatabaseUnavailable
from toril.database.migrations import Migration, migrate

Pool = AsyncConnectionPool[AsyncConnection[Any]]
CLIENT_NAME = "toril"


class Database:
    """A pool of psycopg connections, open while it is entered.

    async with Database.connect() as database:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO books (title) VALUES (%s)", [title])
            await outbox.enqueue(connection, IndexBook(title=title))
    """

    def __init__(self, url: str | None, data: Path | None, max_connections: int, timeout: float) -> None:
        self._url = url
        self._data = data
        self._most = max_connections
        self._timeout = timeout
        self._pool: Pool | None = None
        self._address = ""
        self._leaving = AsyncExitStack()

    @classmethod
    def connect(
        cls,
        url: str | None = None,
        *,
        data: Path | None = None,
        max_connections: int = 10,
        timeout: float = 10.0,
    ) -> Self:
        """A database that is connected to when it is entered.

        Args:
            url: `postgresql://…`; by default TORIL_DATABASE_URL, else the embedded PostgreSQL of the data
                folder, which is started if it does not run yet.
            data: that folder; by default TORIL_DATA, else `.toril`.
            max_connections: how many there are at most. Ten times as many callers may wait for one.
            timeout: how long one may take to come, in seconds.
        """
        return cls(url, data, max_connections, timeout)

    async def __aenter__(self) -> Self:
        """Connects.

        Raises:
            InvalidDatabaseURL: the URL does not say where PostgreSQL is.
            DatabaseUnavailable: it cannot be reached, or does not let us in.
            EmbeddedPostgresFailed: no URL was given, and the embedded PostgreSQL did not start.
        """
        async with AsyncExitStack() as stack:
            finding = database_url(self._url, data=self._data)
            url = await asyncio.to_thread(finding.__enter__)
            stack.push_async_callback(asyncio.to_thread, finding.__exit__, None, None, None)
            self._address = describe(url)
            # The pool itself would try until its time is up, and say nothing but that.
            first = await connect(url, name=CLIENT_NAME, timeout=self._timeout)
            await first.close()
            self._pool = await stack.enter_async_context(self._new_pool(url))
            self._leaving = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connections, and ends an embedded PostgreSQL that was started here."""
        self._pool = None
        await self._leaving.aclose()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncConnection[Any]]:
        """A connection in a transaction, which is committed at the end, or rolled back by an error.

        Raises:
            DatabaseUnavailable: none was free in time, or PostgreSQL is gone.
            what psycopg raises for a statement.
        """
        if self._pool is None:
            raise DatabaseUnavailable(self._address or "?", "the database is not open: use `async with`")
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (PoolTimeout, TooManyRequests) as error:
            raise DatabaseUnavailable(self._address, f"no connection is free: {error}") from None

    async def migrate(self, *packages: str) -> Sequence[Migration]:
        """Apply the migrations that are not applied yet: Toril's own, then those of the packages.

        Args:
            packages: where an application's numbered SQL files are: "library.migrations".

        Returns:
            What was applied.

        Raises:
            as `toril.database.migrations.migrate`.
        """
        async with self.transaction() as connection:
            await connection.set_autocommit(True)
            try:
                return await migrate(connection, *packages)
            finally:
                if not connection.closed:
                    await connection.set_autocommit(False)

    def _new_pool(self, url: str) -> Pool:
        return AsyncConnectionPool(
            url,
            name=CLIENT_NAME,
            open=False,
            min_size=1,
            max_size=self._most,
            max_waiting=10 * self._most,
            timeout=self._timeout,
            reconnect_timeout=self._timeout,
            check=AsyncConnectionPool.check_connection,
            kwargs={"application_name": CLIENT_NAME, **LIVENESS},
        )
