"""What commands print: tables and text for people, JSON for programs, complaints on stderr."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

_NOTHING = ("0", "-", "")
FAR = 1_000_000  # wide enough that nothing is cut or folded


def console(stream: TextIO) -> Console:
    """A console on a stream; only a terminal has an edge."""
    return Console(file=stream, width=None if stream.isatty() else FAR, highlight=False, markup=False)


def print_line(text: str, *, flush: bool = False) -> None:
    """A line on stdout, as it stands."""
    print(text, flush=flush)  # noqa: T201 - this is where it is printed


def print_json(value: object, *, flush: bool = False) -> None:
    """A JSON value on a line of its own."""
    print_line(json.dumps(value, ensure_ascii=False), flush=flush)


def print_note(text: str) -> None:
    """A line for people on stderr, out of the way of what programs read."""
    sys.stderr.write(f"{printable(text)}\n")


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[str | int]], *, hides_empty: bool = False
) -> None:
    """A table that fits a terminal; elsewhere lines of tab-separated columns, nothing cut.

    Args:
        hides_empty: on a terminal, leave out columns that hold nothing: 0, "-" or no text in every row.
    """
    cells = [[_on_one_line(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        for line in [[column.upper() for column in columns], *cells]:
            print_line("\t".join(line))
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    shown = [
        at for at in range(len(columns)) if not hides_empty or any(row[at] not in _NOTHING for row in cells)
    ]
    for at in shown:
        numeric = bool(rows) and all(isinstance(row[at], int) for row in rows)
        header = Text(columns[at].upper(), no_wrap=True, overflow="ellipsis")
        # Rich takes the room it lacks from the widest columns that may be wrapped: never from numbers.
        table.add_column(header, justify="right" if numeric else "left", no_wrap=numeric)
    for row in cells:
        table.add_row(*(Text(row[at], no_wrap=True, overflow="ellipsis") for at in shown))
    console(sys.stdout).print(table)


def print_growing_line(cells: Sequence[str], widths: Iterable[int], *, heading: bool = False) -> None:
    """A line of a table that nobody knows the end of: on a terminal padded to widths and cut to its edge,
    elsewhere tab-separated and whole.
    """
    shown = [_on_one_line(cell.upper() if heading else cell) for cell in cells]
    if not sys.stdout.isatty():
        print_line("\t".join(shown), flush=True)
        return
    line = "  ".join(cell.ljust(width) for cell, width in zip(shown, widths, strict=True))
    text = Text(line, "bold" if heading else "")
    console(sys.stdout).print(text, no_wrap=True, overflow="ellipsis", crop=True)


def print_fields(fields: Mapping[str, str]) -> None:
    """Labels and values, a line each."""
    width = max(map(len, fields)) + 2
    for label, value in fields.items():
        styled = Text(f"{label:<{width}}", "bold")
        console(sys.stdout).print(styled.append(printable(value), "not bold"), soft_wrap=True)


def print_section(title: str, text: str) -> None:
    """A titled block of text."""
    console(sys.stdout).print()
    console(sys.stdout).print(Text(title, "bold"))
    console(sys.stdout).print(Text(printable(text)), soft_wrap=True)


def printable(text: str) -> str:
    """The text without what would steer a terminal: jobs hold whatever their producers wrote."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else _escaped(each) for each in text)


def ago(moment: datetime | None) -> str:
    """How long ago something was, in one unit."""
    if moment is None:
        return "-"
    return span((datetime.now(UTC) - moment).total_seconds())


def span(seconds: float) -> str:
    """A duration, in one unit."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(max(seconds, 0.0))} s"


def _on_one_line(cell: str | int) -> str:
    return printable(str(cell)).replace("\n", " ").replace("\t", " ")


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")
