"""Deduplication, which stands in a job's options as `de` (bullmq-protocol §6.3)."""

from typing import cast

from toril.bull.codec.json_values import JsonObject, natural
from toril.bull.codec.values import encode_text, from_milliseconds, text, to_milliseconds
from toril.types import Deduplicate
from toril.types.deduplication import LONGEST_KEY, LONGEST_TTL


def encode_deduplicate(deduplicate: Deduplicate) -> JsonObject:
    """`de`, as BullMQ stores it."""
    wire: JsonObject = {"id": deduplicate.key}
    if deduplicate.ttl is not None:
        wire["ttl"] = to_milliseconds(deduplicate.ttl)
    modes = {
        "extend": deduplicate.extend,
        "replace": deduplicate.replace,
        "reschedule": deduplicate.reschedule,
        "keepLastIfActive": deduplicate.keep_last,
    }
    return wire | {mode: True for mode, chosen in modes.items() if chosen}


def decode_deduplicate(wire: object) -> Deduplicate | None:
    """What anyone may have written, as BullMQ acts on it: some modes have no effect beside others."""
    if not isinstance(wire, dict):
        return None
    found = cast(JsonObject, wire)
    key, milliseconds = found.get("id"), natural(found.get("ttl"))
    if not isinstance(key, str) or not 0 < len(key) <= LONGEST_KEY:
        return None
    keep_last, replace = bool(found.get("keepLastIfActive")), bool(found.get("replace"))
    ttl = min(from_milliseconds(milliseconds), LONGEST_TTL) if milliseconds and not keep_last else None
    return Deduplicate(
        text(encode_text(key)),
        ttl,
        extend=bool(found.get("extend")) and ttl is not None,
        replace=replace,
        reschedule=bool(found.get("reschedule")) and not replace,
        keep_last=keep_last,
    )
