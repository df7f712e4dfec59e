"""JSON that anyone may have written: what is not of the kind looked for is None."""

import json
from typing import Any

from toril.bull.codec.values import EXACT_BELOW

JsonObject = dict[str, Any]


def decode_json(value: bytes | str | None) -> Any:
    """Any JSON, or None where it cannot be read."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def encode_json(value: JsonObject) -> bytes:
    """An object, without spaces."""
    return json.dumps(value, separators=(",", ":")).encode()


def joined(some: bytes, more: JsonObject) -> bytes:
    """An object that is JSON already, with members that it does not have yet."""
    added = encode_json(more)
    return added if some == b"{}" else b"%s,%s" % (some[:-1], added[1:])


def is_json(value: bytes) -> bool:
    """Whether every JSON reader accepts it: NaN and infinity are none."""
    try:
        json.loads(value, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False
    return True


def real(value: object) -> float | None:
    """A number that counts exactly."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < EXACT_BELOW else None


def whole(value: object) -> int | None:
    """Such a number, cut to a whole one."""
    found = real(value)
    return None if found is None else int(found)


def natural(value: object) -> int | None:
    """Such a whole number, 0 where it is less."""
    found = whole(value)
    return None if found is None else max(found, 0)


def share(value: object, *, of: int = 1) -> float | None:
    """A number from 0 to `of`, as a share of it: 0.0 to 1.0."""
    found = real(value)
    return found / of if found is not None and 0 <= found <= of else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
