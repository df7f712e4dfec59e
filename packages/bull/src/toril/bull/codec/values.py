"""Numbers, times and texts of the wire."""

from datetime import UTC, datetime

# From here on JavaScript and Lua, whose numbers are doubles, leave whole ones out.
EXACT_BELOW = 2**53
_YEAR_10000 = 253_402_300_800


def to_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def from_milliseconds(milliseconds: float) -> float:
    return milliseconds / 1000


def number(value: bytes | None, otherwise: float = 0) -> float:
    """A number from the wire, or `otherwise` where there is none that can be read and counts exactly."""
    try:
        found = otherwise if value is None else float(value)
    except ValueError:
        return otherwise
    return found if abs(found) < EXACT_BELOW else otherwise


def count(value: bytes | None) -> int:
    """A whole number from the wire, or 0."""
    return int(number(value))


def optional_count(value: bytes | None) -> int | None:
    """A whole number from the wire, 0 or more, or None where there is none."""
    found = number(value, -1)
    return int(found) if found >= 0 else None


def seconds(value: bytes | None) -> float:
    """Milliseconds on the wire as seconds, or 0 where there are none."""
    return from_milliseconds(number(value))


def due_seconds(score: bytes) -> float:
    """When a delayed job is due, in epoch seconds: the low 12 bits of its score order those of one moment."""
    return from_milliseconds(number(score) // 4096)


def due_score(moment: datetime) -> int:
    """The lowest score of the delayed jobs that are due at a moment."""
    return to_milliseconds(moment.timestamp()) * 4096


def moment(value: bytes | None) -> datetime | None:
    """A time from the wire, in UTC, or None where there is none that a datetime can hold."""
    seconds = from_milliseconds(number(value))
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _YEAR_10000 else None


def text(value: bytes | None) -> str:
    """Text from the wire; what is no UTF-8 is replaced rather than stopping a queue."""
    return "" if value is None else value.decode("utf-8", "replace")


def encode_text(value: str) -> bytes:
    """UTF-8 that any reader accepts: lone surrogates become question marks."""
    return value.encode("utf-8", "replace")
