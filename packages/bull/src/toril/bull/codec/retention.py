"""How long an ended job stays: as its options say it, and as the scripts are told."""

from typing import cast

from toril.bull.codec.json_values import JsonObject, real, whole
from toril.types import Keep
from toril.types.policy import MOST_REMOVED_AT_ONCE


def encode_keep(keep: Keep) -> bool | int | JsonObject:
    """`removeOnComplete` and `removeOnFail`, as BullMQ stores them."""
    if keep.count == 0:
        return True
    if keep.age is None:
        return False if keep.count is None else keep.count
    wire: JsonObject = {"age": keep.age}
    if keep.count is not None:
        wire["count"] = keep.count
    if keep.limit is not None:
        wire["limit"] = keep.limit
    return wire


def decode_keep(wire: object) -> Keep | None:
    """Any form of `removeOnComplete` and `removeOnFail`; None where it cannot be read."""
    if isinstance(wire, bool):
        return Keep(count=0) if wire else Keep()
    if isinstance(wire, dict):
        keep = cast(JsonObject, wire)
        count, age, limit = whole(keep.get("count")), real(keep.get("age")), whole(keep.get("limit"))
        is_aged = age is not None and age >= 0
        return Keep(
            count if count is not None and count >= 0 else None,
            age if is_aged else None,
            min(limit, MOST_REMOVED_AT_ONCE) if is_aged and limit is not None and limit > 0 else None,
        )
    count = whole(wire)
    if count is None:
        return None
    return Keep(count) if count >= 0 else Keep()


def encode_retention(keep: Keep | None) -> str:
    """`keep` as parts/finish.lua reads it."""
    if keep is None or (keep.count is None and keep.age is None):
        return ""
    if keep.count == 0:
        return "0"
    age = None if keep.age is None else f"{keep.age:.3f}"
    return ",".join("" if part is None else str(part) for part in (keep.count, age, keep.limit))
