"""Splitting a document into excerpts that one embedding can stand for: pure functions.

Sections come first: Markdown is cut at its headings, Python at its functions, classes and methods. A long
section is cut between paragraphs, a long paragraph between lines, a long line where it must be. Short
neighbours are joined again, so that an excerpt says enough to be found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

LONGEST = 600
"""Characters in one excerpt: the mean over the words of a longer one is about everything and nothing."""
SHORTEST = 150
"""A shorter excerpt takes in the section after it, if there is room."""


class Excerpt(NamedTuple):
    """A piece of a document.

    Attributes:
        title: the heading that it stands under, or the function or class that it begins with; may be empty.
        text: what it says, at most `LONGEST` characters.
        first_line, last_line: where it stands, counted from 1, both included.
    """

    title: str
    text: str
    first_line: int
    last_line: int


def split(path: str, text: str) -> list[Excerpt]:
    """The document's excerpts, in its order. `path` says what it is: Python, or else read as Markdown."""
    lines = [line.rstrip() for line in text.removeprefix("\ufeff").split("\n")]
    is_python = path.endswith((".py", ".pyi"))
    titles = dict(_python_titles(lines) if is_python else _markdown_titles(lines))

    def ends_paragraph(before: Excerpt, after: Excerpt) -> bool:
        is_heading = before.first_line == before.last_line and before.first_line in titles
        has_gap = after.first_line > before.last_line + 1
        return after.first_line in titles or (has_gap and not is_heading)

    def ends_section(before: Excerpt, after: Excerpt) -> bool:
        return after.first_line in titles and len(before.text) >= SHORTEST

    paragraphs = _pack(_pieces(lines, titles), apart=ends_paragraph)
    return list(_pack(paragraphs, apart=ends_section))


def _markdown_titles(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The line numbers of headings and what they say. A `#` inside a fenced block is no heading."""
    fence = ""
    for number, line in enumerate(lines, start=1):
        start = line.lstrip()
        if fence:
            fence = "" if start.startswith(fence) else fence
        elif start.startswith(("```", "~~~")):
            fence = start[:3]
        elif re.match(r" {0,3}#{1,6}(\s|$)", line):
            yield number, start.strip("# \t")


def _python_titles(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The line numbers where definitions start, with their decorators and comments, and their names.

    The lines are read as they stand, not parsed: a file of another Python, or half written, is cut as well.
    """
    owner = ""
    for number, line in enumerate(lines, start=1):
        definition = re.match(r"( {4}|\t)?(async def|def|class) (\w+)", line)
        if definition is None:
            continue
        indent, kind, name = definition[1] or "", definition[2], definition[3]
        if not indent:
            owner = name if kind == "class" else ""
        first = number
        while first > 1 and lines[first - 2].startswith((f"{indent}@", f"{indent}#")):
            first -= 1
        yield first, f"{owner}.{name}" if indent and owner else name


def _pieces(lines: Sequence[str], titles: Mapping[int, str]) -> Iterator[Excerpt]:
    """The lines that hold words, cut where they are too long for one excerpt."""
    title = ""
    for number, line in enumerate(lines, start=1):
        title = titles.get(number, title)
        for start in range(0, len(line), LONGEST):
            if (piece := line[start : start + LONGEST]).strip():
                yield Excerpt(title, piece, number, number)


def _pack(pieces: Iterable[Excerpt], apart: Callable[[Excerpt, Excerpt], bool]) -> Iterator[Excerpt]:
    """Neighbours joined as far as there is room, unless they are to stay `apart`."""
    current: Excerpt | None = None
    for piece in pieces:
        longer = None if current is None or apart(current, piece) else _joined(current, piece)
        if current and not longer:
            yield current
        current = longer or piece
    if current:
        yield current


def _joined(first: Excerpt, second: Excerpt) -> Excerpt | None:
    """Both as one excerpt, with at most one blank line between them; None where that is too long."""
    gap = "\n" * min(second.first_line - first.last_line, 2)
    text = f"{first.text}{gap}{second.text}"
    if len(text) > LONGEST:
        return None
    return Excerpt(first.title or second.title, text, first.first_line, second.last_line)
