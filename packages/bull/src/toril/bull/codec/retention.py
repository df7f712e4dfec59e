"""How long an ended job stays: as its options say it, and as the scripts are told."""

from typing import cast

from toril.bull.codec.json_values import JsonObject, real, whole
from toril.types import Keep


def encode_keep(keep: Keep) -> bool | int | JsonObject:
    """`removeOnComplete` and `removeOnFail`, as BullMQ stores them."""
    if keep.count == 0:
        return True
    if keep.age is None:
        return False if keep.count is None else keep.count
    wire: JsonObject = {"age": keep.age}
    if keep.count is not None:
        wire["count"] = keep.count
    return wire


def decode_keep(wire: object) -> Keep | None:
    """Any form of `removeOnComplete` and `removeOnFail`; None where it cannot be read."""
    if isinstance(wire, bool):
        return Keep(count=0) if wire else Keep()
    if isinstance(wire, dict):
        keep = cast(JsonObject, wire)
        count, age = whole(keep.get("count")), real(keep.get("age"))
        return Keep(
            count if count is not None and count >= 0 else None,
            age if age is not None and age >= 0 else None,
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
    return f"{'' if keep.count is None else keep.count},{'' if keep.age is None else f'{keep.age:.3f}'},"
