"""What the demo is asked to do, from DOCS, QUERY and KEEP in the environment."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from examples.library.contracts import LONGEST_QUESTION

REPOSITORY = Path(__file__).parents[2]
REPOSITORY_QUERIES = (
    "How are locks renewed while a handler blocks the event loop?",
    "What happens to a job when Redis is gone?",
    "How long is the pause between two attempts?",
)
FOLDER_QUERIES = ("How do I install and start it?", "What can go wrong?", "How is it tested?")
"""Asked of a folder where QUERY is not given: they suit most."""


class UsageError(ValueError):
    """Something that the demo cannot do; the message says what to give instead."""


class Settings(NamedTuple):
    """What to read and what to ask.

    Attributes:
        folder: the documents; None for those of this repository.
        stays: whether everything stays up once the questions are answered.
    """

    folder: Path | None
    queries: tuple[str, ...]
    stays: bool = False


def read_settings(environment: Mapping[str, str]) -> Settings:
    """What the environment asks for.

    Raises:
        UsageError: DOCS or QUERY cannot be used.
    """
    folder = _folder(environment["DOCS"]) if "DOCS" in environment else None
    usual = FOLDER_QUERIES if folder else REPOSITORY_QUERIES
    queries = (_query(environment["QUERY"]),) if "QUERY" in environment else usual
    return Settings(folder, queries, stays=bool(environment.get("KEEP")))


def _folder(name: str) -> Path:
    if not name.strip():
        raise UsageError("DOCS is empty: name a folder, or leave it out to read this repository")
    folder = os.path.expanduser(name)
    if not os.path.exists(folder):
        raise UsageError(f"DOCS={name}: there is no such folder")
    if not os.path.isdir(folder):
        raise UsageError(f"DOCS={name}: this is a file; name the folder that holds it")
    return Path(folder)


def _query(query: str) -> str:
    if not query.strip():
        raise UsageError('QUERY is empty: ask something, such as QUERY="How are jobs retried?"')
    if len(query) > LONGEST_QUESTION:
        raise UsageError(f"QUERY is {len(query):,} characters long; ask in {LONGEST_QUESTION:,} at most")
    try:
        query.encode()
    except UnicodeEncodeError:
        raise UsageError("QUERY is not UTF-8 text") from None
    return query.strip()
