"""What an attempt that did not end well leaves in the job's hash."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from toril.bull.codec.json_values import decode_json
from toril.bull.codec.values import encode_text, from_milliseconds, number, to_milliseconds


class UnknownSince(NamedTuple):
    """When a worker that had no handler for a job first postponed it, in epoch seconds.

    `attempts_made` is how many attempts it had then: one more means that a worker has known it meanwhile.
    """

    moment: float
    attempts_made: int


def encode_failure(
    reason: str | None, stacktrace: Sequence[str] = (), unknown: UnknownSince | None = None
) -> bytes:
    """The hash fields of an attempt that did not end well, as a JSON array; empty for none.

    `unknownSince` is a field of ours that BullMQ ignores.
    """
    fields: list[str] = []
    if reason is not None:
        fields += [
            "failedReason",
            reason,
            "stacktrace",
            json.dumps([encode_text(trace).decode() for trace in stacktrace]),
        ]
    if unknown is not None:
        fields += ["unknownSince", f"{to_milliseconds(unknown.moment)}@{unknown.attempts_made}"]
    # Characters as they are: the decoder in Redis refuses the escape of half a one.
    return encode_text(json.dumps(fields, ensure_ascii=False)) if fields else b""


def decode_unknown(wire: bytes | None, attempts_made: int) -> float | None:
    """Since when workers have not known what to do with the job; None if the last one knew."""
    moment, _, attempts = (wire or b"").partition(b"@")
    return from_milliseconds(number(moment)) if moment and number(attempts, -1) == attempts_made else None


def decode_stacktrace(wire: bytes | None) -> tuple[str, ...]:
    found = decode_json(wire)
    return tuple(str(line) for line in cast(list[Any], found)) if isinstance(found, list) else ()
