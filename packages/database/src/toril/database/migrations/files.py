"""Migrations as they lie in a package: `0001_words.sql`, `0002_more_words.sql` …"""

import re
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from toril.database.errors import InvalidMigrations

OWN_MIGRATIONS = "toril.database.sql"
"""Where Toril's own migrations are: those of the outbox."""

_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")


class Migration(NamedTuple):
    """One file.

    Attributes:
        package: the package that it lies in, by which it is known in the database.
        number: 1 and up.
        name: the file's.
        checksum: what tells its text from any other, however its lines end.
    """

    package: str
    number: int
    name: str
    text: str
    checksum: str


def read_migrations(package: str) -> list[Migration]:
    """The migrations of a package, in order.

    Args:
        package: its dotted name; a folder of SQL files without any Python is one, too.

    Raises:
        InvalidMigrations: there is no such package, it has no SQL files, or their numbers are not 1, 2, 3 …
    """
    try:
        folder = files(package)
    except ModuleNotFoundError as error:
        raise InvalidMigrations(package, f"there is no such package ({error})") from error
    named = sorted((each.name, each) for each in folder.iterdir() if each.name.endswith(".sql"))
    if not named:
        raise InvalidMigrations(package, "it has no SQL files")
    found: list[Migration] = []
    for number, (name, file) in enumerate(named, 1):
        match = _NAME.fullmatch(name)
        if match is None or int(match[1]) != number:
            raise InvalidMigrations(
                package,
                f"{name} stands where {number:04}_words.sql is wanted: numbers are 0001, 0002, 0003 …",
            )
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        found.append(Migration(package, number, name, text, sha256(text.encode()).hexdigest()))
    return found
