"""Reading a folder of documents: text of a sensible size comes in, the rest is counted with its reason."""

import os
import stat
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from examples.library.contracts import LONGEST_DOCUMENT

KINDS = (".md", ".markdown", ".rst", ".txt", ".py", ".pyi")
NOT_ENTERED = ("node_modules", "__pycache__", "venv", "site-packages")
"""Folders of other people's files; hidden ones are not entered either."""
MOST_CHARACTERS = 20_000_000
"""Characters in all documents together: the broker holds them in memory, and their passages too."""


class Document(NamedTuple):
    """A document, its path as seen from its folder."""

    path: str
    text: str


class Collection(NamedTuple):
    """The documents of a folder, and how many files were left out for which reason."""

    documents: list[Document]
    skipped: Counter[str]


class Unfit(Exception):
    """A file that is no document; the message says why, in a word or two."""


def read_folder(folder: Path) -> Collection:
    """Every document under a folder. Links are not followed."""
    return _read(folder, _files(folder))


def read_repository(root: Path) -> Collection:
    """The documents that git keeps in a repository; all of them where there is no git."""
    try:
        listing = subprocess.run(
            ["git", "ls-files", "-z", "*.md", "*.py"],  # noqa: S607  wherever the user has it
            cwd=root,
            capture_output=True,
            check=True,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return read_folder(root)
    return _read(root, (root / os.fsdecode(name) for name in listing.stdout.split(b"\0") if name))


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in NOT_ENTERED)
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


def _read(folder: Path, files: Iterator[Path]) -> Collection:
    documents: list[Document] = []
    skipped: Counter[str] = Counter()
    room = MOST_CHARACTERS
    for file in files:
        try:
            text = _text(file, room)
        except Unfit as reason:
            skipped[str(reason)] += 1
            continue
        room -= len(text)
        documents.append(Document(str(file.relative_to(folder)), text))
    return Collection(documents, skipped)


def _text(file: Path, room: int) -> str:
    """What a file says.

    Raises:
        Unfit: it is not a document that the demo can embed.
    """
    if file.suffix.lower() not in KINDS:
        raise Unfit("not Markdown, text or Python")
    try:
        status = file.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise Unfit("not a regular file")
        if status.st_size > 4 * LONGEST_DOCUMENT:  # no character takes more than four bytes
            raise Unfit("too long")
        content = file.read_bytes()
    except OSError:
        raise Unfit("cannot be read") from None
    if b"\0" in content:
        raise Unfit("binary")
    try:
        str(file).encode()
        text = content.decode()
    except UnicodeError:
        raise Unfit("not UTF-8") from None
    if not text.strip():
        raise Unfit("empty")
    if len(text) > LONGEST_DOCUMENT:
        raise Unfit("too long")
    if len(text) > room:
        raise Unfit(f"past {MOST_CHARACTERS:,} characters in all")
    return text
