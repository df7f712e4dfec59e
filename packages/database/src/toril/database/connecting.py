"""Connections to PostgreSQL that notice when it is gone, and say so without a password."""

from typing import Any

from psycopg import AsyncConnection, OperationalError

from toril.database.address import describe
from toril.database.errors import DatabaseUnavailable

# libpq's own options, in seconds: a server that vanished without a word is noticed all the same.
LIVENESS: dict[str, Any] = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


async def connect(url: str, *, name: str, timeout: float = 10.0) -> AsyncConnection[Any]:
    """A connection of one's own, on which each statement is a transaction unless one is begun.

    Args:
        name: what `pg_stat_activity` shows.
        timeout: how long PostgreSQL may take to let us in, in seconds.

    Raises:
        InvalidDatabaseURL: the URL does not say where PostgreSQL is.
        DatabaseUnavailable: it cannot be reached, or does not let us in.
    """
    address = describe(url)
    try:
        return await AsyncConnection.connect(
            url, autocommit=True, application_name=name, connect_timeout=max(round(timeout), 1), **LIVENESS
        )
    except OperationalError as error:
        raise DatabaseUnavailable(address, reason_of(error)) from None


def reason_of(error: Exception) -> str:
    """What a driver says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__
