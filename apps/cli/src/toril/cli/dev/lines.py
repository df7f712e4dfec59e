"""The lines of all processes in one terminal, each with its process's name before it, in its own colour."""

import logging
from collections.abc import Callable, Iterable
from itertools import cycle
from typing import TextIO

from rich.text import Text

from toril.cli.kept_process import Tell
from toril.cli.output import console, printable

COLOURS = ("cyan", "green", "magenta", "yellow", "blue", "bright_cyan", "bright_green", "bright_magenta")


def prefixed(names: Iterable[str], stream: TextIO) -> Tell:
    """Writes each line that it is told with a prefix, coloured on a terminal.

    Args:
        names: of all processes, so that the lines stand below each other.
    """
    colours = dict(zip(names, cycle(COLOURS), strict=False))
    width = max(map(len, colours))
    screen = console(stream)

    def tell(name: str, line: str) -> None:
        prefix = Text(f"{name:<{width}} │ ", colours.get(name, "bold"))
        screen.print(prefix.append(printable(line), "not bold default"), soft_wrap=True)

    return tell


class LineHandler(logging.Handler):
    """Hands on what is logged, line by line.

    Args:
        tell: given each line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        for line in self.format(record).split("\n"):
            self._tell(line)
