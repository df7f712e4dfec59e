"""Between Python's words and BullMQ's: the only file that knows camelCase and milliseconds.

Times are seconds since the epoch (float) here and integer milliseconds there; durations are seconds and
milliseconds, but for `age`, which BullMQ counts in seconds too (bullmq-protocol §2, §8.1).
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

from toril.bull.options import HIGHEST_PRIORITY_NUMBER, LONGEST_DELAY, JobOptions
from toril.types import Backoff, Keep, Progress

JsonObject = dict[str, Any]

# From here on JavaScript and Lua, whose numbers are doubles, leave whole ones out.
EXACT_BELOW = 2**53
_YEAR_10000 = 253_402_300_800


def to_milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def from_milliseconds(milliseconds: float) -> float:
    return milliseconds / 1000


def text(value: bytes | None) -> str:
    """Text from the wire; what is no UTF-8 is replaced rather than stopping a queue."""
    return "" if value is None else value.decode("utf-8", "replace")


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


def moment(value: bytes | None) -> datetime | None:
    """A time from the wire, in UTC, or None where there is none that a datetime can hold."""
    seconds = from_milliseconds(number(value))
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds < _YEAR_10000 else None


def encode_text(value: str) -> bytes:
    """UTF-8 that any reader accepts: lone surrogates become question marks."""
    return value.encode("utf-8", "replace")


def decode_json(value: bytes | str | None) -> Any:
    """Any JSON, or None where it cannot be read."""
    if value is None:
        return None
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


# --- options ------------------------------------------------------------------------------------------------


def encode_options(options: JobOptions, job_id: str | None = None) -> bytes:
    """`opts`, as BullMQ stores it; `job_id` if the job's id is a custom one."""
    wire = _encode_options(options)
    if job_id is None:
        return wire
    return b'%s,"jobId":%s}' % (wire[:-1], json.dumps(job_id).encode())


@lru_cache(maxsize=4096)
def _encode_options(options: JobOptions) -> bytes:
    wire: JsonObject = {"attempts": options.attempts}
    if options.backoff is not None:
        wire["backoff"] = _encode_backoff(options.backoff)
    if options.delay > 0:
        wire["delay"] = to_milliseconds(options.delay)
    if options.priority > 0:
        wire["priority"] = options.priority
    if options.lifo:
        wire["lifo"] = True
    if options.keep_completed is not None:
        wire["removeOnComplete"] = _encode_keep(options.keep_completed)
    if options.keep_failed is not None:
        wire["removeOnFail"] = _encode_keep(options.keep_failed)
    if options.stack_trace_limit is not None:
        wire["stackTraceLimit"] = options.stack_trace_limit
    if options.contract_version is not None:
        wire["contractVersion"] = options.contract_version
    return json.dumps(wire, separators=(",", ":")).encode()


@lru_cache(maxsize=4096)
def decode_options(wire: bytes | None) -> JobOptions:
    """The options of a job that anyone may have added. What cannot be read counts as not given."""
    found = decode_json(wire)
    options = cast(JsonObject, found) if isinstance(found, dict) else {}
    return JobOptions(
        attempts=max(_whole(options.get("attempts")) or 1, 1),
        backoff=_decode_backoff(options.get("backoff")),
        delay=min(from_milliseconds(_count(options.get("delay")) or 0), LONGEST_DELAY),
        priority=min(_count(options.get("priority")) or 0, HIGHEST_PRIORITY_NUMBER),
        lifo=options.get("lifo") is True,
        keep_completed=_decode_keep(options.get("removeOnComplete")),
        keep_failed=_decode_keep(options.get("removeOnFail")),
        stack_trace_limit=_count(options.get("stackTraceLimit")),
        contract_version=_whole(options.get("contractVersion")),
    )


def _real(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < EXACT_BELOW else None


def _whole(value: object) -> int | None:
    found = _real(value)
    return None if found is None else int(found)


def _count(value: object) -> int | None:
    found = _whole(value)
    return None if found is None else max(found, 0)


def _share(value: object, *, of: int = 1) -> float | None:
    found = _real(value)
    return found / of if found is not None and 0 <= found <= of else None


def _encode_backoff(backoff: Backoff) -> JsonObject:
    wire: JsonObject = {"type": backoff.kind, "delay": to_milliseconds(backoff.delay)}
    if backoff.jitter > 0:
        wire["jitter"] = backoff.jitter
    return wire


def _decode_backoff(wire: object) -> Backoff | None:
    if isinstance(wire, dict):
        backoff = cast(JsonObject, wire)
        delay = _count(backoff.get("delay")) or 0
        jitter = backoff.get("jitter")
        kind = "exponential" if backoff.get("type") == "exponential" else "fixed"
        return Backoff(kind, from_milliseconds(delay), _share(jitter) or 0.0)
    delay = _whole(wire)
    return Backoff("fixed", from_milliseconds(delay)) if delay is not None and delay > 0 else None


def _encode_keep(keep: Keep) -> bool | int | JsonObject:
    if keep.count == 0:
        return True
    if keep.age is None:
        return False if keep.count is None else keep.count
    wire: JsonObject = {"age": keep.age}
    if keep.count is not None:
        wire["count"] = keep.count
    return wire


def _decode_keep(wire: object) -> Keep | None:
    if isinstance(wire, bool):
        return Keep(count=0) if wire else Keep()
    if isinstance(wire, dict):
        keep = cast(JsonObject, wire)
        count, age = _whole(keep.get("count")), _real(keep.get("age"))
        return Keep(
            count if count is not None and count >= 0 else None,
            age if age is not None and age >= 0 else None,
        )
    count = _whole(wire)
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


# --- failures and progress ----------------------------------------------------------------------------------


def encode_failure(
    reason: str | None, stacktrace: Sequence[str] = (), unknown: "UnknownSince | None" = None
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


class UnknownSince(NamedTuple):
    """When a worker that had no handler for a job first postponed it, in epoch seconds.

    `attempts_made` is how many attempts it had then: one more means that a worker has known it meanwhile.
    """

    moment: float
    attempts_made: int


def decode_unknown(wire: bytes | None, attempts_made: int) -> float | None:
    """Since when workers have not known what to do with the job; None if the last one knew."""
    moment, _, attempts = (wire or b"").partition(b"@")
    return from_milliseconds(number(moment)) if moment and number(attempts, -1) == attempts_made else None


def decode_stacktrace(wire: bytes | None) -> tuple[str, ...]:
    found = decode_json(wire)
    return tuple(str(line) for line in cast(list[Any], found)) if isinstance(found, list) else ()


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
        fraction=_share(percent, of=100),
        note=note if isinstance(note, str) else None,
        value=value,
    )
