"""Writing through whatever connection the caller's transaction is in; only psycopg needs to be installed."""

import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from psycopg import AsyncConnection

from toril.database.errors import OutboxMissing, UnknownConnection

_MISSING = ("42P01", "3F000")  # SQL states: no such table, no such schema


class AsyncpgConnection(Protocol):
    """A connection of asyncpg, or one of its pool's."""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str: ...


class SqlAlchemyConnection(Protocol):
    """An AsyncConnection or AsyncSession of SQLAlchemy, on psycopg or asyncpg."""

    async def execute(
        self, statement: Any, parameters: Any = None, /, *, execution_options: Any = ...
    ) -> Any: ...


TransactionConnection = AsyncConnection[Any] | AsyncpgConnection | SqlAlchemyConnection
"""What a caller's transaction may be in."""

_Write = Callable[[Any, str, Mapping[str, str | None]], Awaitable[object]]


async def insert(connection: TransactionConnection, table: str, values: Mapping[str, str | None]) -> None:
    """Insert a row in the caller's transaction.

    Args:
        table: with its schema; so are the names of the columns, they are ours and not the caller's.

    Raises:
        UnknownConnection: it is none of those that are known.
        OutboxMissing: there is no such table.
        what the caller's driver raises.
    """
    write = _write_through(connection)
    try:
        await write(connection, table, values)
    except Exception as error:
        if _state_of(error) in _MISSING:
            raise OutboxMissing from error
        raise


def _write_through(connection: object) -> _Write:
    if isinstance(connection, AsyncConnection):
        return _through_psycopg
    # Whose connection it is can only be theirs if they are imported; nothing is imported here to find out.
    if _is_one_of(connection, "asyncpg", "Connection", "pool.PoolConnectionProxy"):
        return _through_asyncpg
    if _is_one_of(
        connection, "sqlalchemy.ext.asyncio", "AsyncConnection", "AsyncSession", "async_scoped_session"
    ):
        return _through_sqlalchemy
    raise UnknownConnection(f"{type(connection).__module__}.{type(connection).__qualname__}")


def _is_one_of(connection: object, module: str, *names: str) -> bool:
    found = sys.modules.get(module)
    if found is None:
        return False
    kinds: list[Any] = []
    for name in names:
        kind: Any = found
        for part in name.split("."):
            kind = getattr(kind, part, None)
        kinds.append(kind)
    return isinstance(connection, tuple(kind for kind in kinds if isinstance(kind, type)))


async def _through_psycopg(
    connection: AsyncConnection[Any], table: str, values: Mapping[str, str | None]
) -> None:
    await connection.execute(_statement(table, values, ["%s"] * len(values)).encode(), list(values.values()))


async def _through_asyncpg(
    connection: AsyncpgConnection, table: str, values: Mapping[str, str | None]
) -> None:
    places = [f"${place}" for place in range(1, len(values) + 1)]
    await connection.execute(_statement(table, values, places), *values.values())


async def _through_sqlalchemy(
    connection: SqlAlchemyConnection, table: str, values: Mapping[str, str | None]
) -> None:
    text = sys.modules["sqlalchemy"].text
    await connection.execute(text(_statement(table, values, [f":{name}" for name in values])), dict(values))


def _statement(table: str, columns: Mapping[str, str | None], places: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(places)})"  # noqa: S608 - names are ours


def _state_of(error: BaseException) -> str | None:
    """The SQL state that the server gave, as each of the drivers notes it."""
    for each in (error, getattr(error, "orig", None), error.__cause__):
        state = getattr(each, "sqlstate", None)
        if isinstance(state, str):
            return state
    return None
