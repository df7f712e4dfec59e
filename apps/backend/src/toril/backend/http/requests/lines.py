"""Lines, cut out of what comes in parts."""

from collections.abc import Iterator
from typing import NamedTuple


class Line(NamedTuple):
    """A line by its number, from 1; its text is None where it has more bytes than a line may have."""

    number: int
    text: bytes | None


class LineReader:
    """Cuts lines out of parts; it never holds more than one line and one part.

    Args:
        most: how many bytes a line may have. What a longer one has more is passed over.

    Attributes:
        number: of the last line that was told.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._begun = bytearray()
        self._is_too_long = False
        self.number = 0

    def feed(self, part: bytes) -> Iterator[Line]:
        """The lines that end in this part."""
        *ended, rest = part.split(b"\n")
        for text in ended:
            self._take(text)
            yield self._line()
        self._take(rest)

    def end(self) -> Iterator[Line]:
        """The last line, if it has no end of its own."""
        if self._begun or self._is_too_long:
            yield self._line()

    def _take(self, text: bytes) -> None:
        if self._is_too_long or len(self._begun) + len(text) > self._most:
            self._is_too_long = True
            self._begun.clear()
        else:
            self._begun += text

    def _line(self) -> Line:
        self.number += 1
        line = Line(self.number, None if self._is_too_long else bytes(self._begun))
        self._begun.clear()
        self._is_too_long = False
        return line
