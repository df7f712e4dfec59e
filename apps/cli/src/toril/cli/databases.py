"""Which database a command talks to."""

import logging
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from psycopg import AsyncConnection

from toril.cli.errors import NoDatabase
from toril.database import EmbeddedPostgres, database_url
from toril.database.connecting import connect
from toril.database.database_url import URL_VARIABLE
from toril.embedded import default_data_folder

CLIENT_NAME = "toril-cli"

_log = logging.getLogger("toril.cli")


@contextmanager
def working_database(url: str | None) -> Generator[str]:
    """The URL of the database to work with, as `database_url` finds it; an embedded one is told of."""
    if not _named(url):
        data = str(default_data_folder().absolute())
        _log.info("no database is named: using the embedded PostgreSQL", extra={"data": data})
    with database_url(url) as known:
        yield known


@asynccontextmanager
async def reading_database(url: str | None) -> AsyncGenerator[AsyncConnection[Any]]:
    """A connection, in autocommit, for a command that starts no database.

    Args:
        url: by default TORIL_DATABASE_URL, else that of the PostgreSQL which runs in the data folder.

    Raises:
        NoDatabase: there is none.
        DatabaseUnavailable: it does not answer.
    """
    data = default_data_folder()
    known = _named(url) or EmbeddedPostgres.running(data)
    if known is None:
        raise NoDatabase(str(data.absolute()))
    async with await connect(known, name=CLIENT_NAME) as connection:
        yield connection


def _named(url: str | None) -> str | None:
    return url or os.environ.get(URL_VARIABLE)
