"""Where PostgreSQL is, read from a URL, and said without its password."""

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from toril.database.errors import InvalidDatabaseURL

SCHEMES = ("postgresql://", "postgres://")


def describe(url: str) -> str:
    """What a message may say of a URL: `host:port/name`.

    Raises:
        InvalidDatabaseURL: it is no URL of PostgreSQL.
    """
    if not url.startswith(SCHEMES):
        raise InvalidDatabaseURL("it does not begin with postgresql://")
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        # libpq's own message may quote what it could not read.
        raise InvalidDatabaseURL("libpq cannot read it") from None
    host, port = parts.get("host") or "localhost", parts.get("port") or 5432
    return f"{host}:{port}/{parts.get('dbname') or parts.get('user') or ''}"
