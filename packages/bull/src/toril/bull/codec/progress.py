"""How far a job is."""

import json
from typing import cast

from toril.bull.codec.json_values import JsonObject, decode_json, share
from toril.bull.codec.values import encode_text
from toril.types import Progress


def encode_progress(fraction: float | None, note: str | None) -> bytes:
    """A number of per cent, as dashboards of BullMQ show it; an object once there is a note."""
    percent = None if fraction is None else round(fraction * 100, 4)
    if percent is not None and percent == int(percent):
        percent = int(percent)
    if note is None and percent is not None:
        return json.dumps(percent).encode()
    return encode_text(json.dumps({"percent": percent, "note": note}, ensure_ascii=True))


def decode_progress(wire: bytes | None) -> Progress | None:
    if wire is None:
        return None
    value = decode_json(wire)
    percent: object = value
    note: object = None
    if isinstance(value, dict):
        fields = cast(JsonObject, value)
        percent, note = fields.get("percent"), fields.get("note")
    return Progress(
        fraction=share(percent, of=100),
        note=note if isinstance(note, str) else None,
        value=value,
    )
