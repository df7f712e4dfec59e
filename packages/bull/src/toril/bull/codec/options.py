"""A job's options, which stand in its hash as the JSON `opts`."""

from functools import lru_cache
from typing import cast

from toril.bull.codec.deduplication import decode_deduplicate, encode_deduplicate
from toril.bull.codec.json_values import JsonObject, decode_json, encode_json, joined, natural, share, whole
from toril.bull.codec.retention import decode_keep, encode_keep
from toril.bull.codec.values import from_milliseconds, to_milliseconds
from toril.types import Backoff, CustomBackoff
from toril.types.custom_backoff import LONGEST_KIND
from toril.types.job_options import HIGHEST_PRIORITY_NUMBER, LATEST_MOMENT, LONGEST_DELAY, JobOptions

LONGEST_REMEMBERED = 1_000
# Most jobs have these, and they would take more room in each than all other options together.
FIRST_VERSION = 1
ONE_ATTEMPT = 1  # what every reader of BullMQ takes for granted


def encode_options(options: JobOptions, job_id: str | None = None) -> bytes:
    """`opts`, as BullMQ stores it; `job_id` if the job's id is a custom one."""
    wire = _encode_options(options) if options.is_own else _encode_remembered(options)
    return wire if job_id is None else joined(wire, {"jobId": job_id})


def _encode_options(options: JobOptions) -> bytes:
    wire: JsonObject = {}
    if options.attempts > ONE_ATTEMPT:
        wire["attempts"] = options.attempts
    if options.backoff is not None:
        wire["backoff"] = _encode_backoff(options.backoff)
    if options.delay > 0:
        wire["delay"] = to_milliseconds(options.delay)
    if options.priority > 0:
        wire["priority"] = options.priority
    if options.lifo:
        wire["lifo"] = True
    if options.expires_in is not None:
        wire["expiresIn"] = to_milliseconds(options.expires_in)
    if options.keep_completed is not None:
        wire["removeOnComplete"] = encode_keep(options.keep_completed)
    if options.keep_failed is not None:
        wire["removeOnFail"] = encode_keep(options.keep_failed)
    if options.stack_trace_limit is not None:
        wire["stackTraceLimit"] = options.stack_trace_limit
    if options.log_limit is not None:
        wire["kl"] = options.log_limit
    if options.size_limit is not None:
        wire["sizeLimit"] = options.size_limit
    if options.deduplicate is not None:
        wire["de"] = encode_deduplicate(options.deduplicate)
    if options.enqueued_at is not None:
        wire["timestamp"] = to_milliseconds(options.enqueued_at)
    if options.contract_version not in (None, FIRST_VERSION):
        wire["contractVersion"] = options.contract_version
    return encode_json(wire)


_encode_remembered = lru_cache(maxsize=4096)(_encode_options)


def decode_options(wire: bytes | None) -> JobOptions:
    """The options of a job that anyone may have added. What cannot be read counts as not given."""
    # Those who write longer ones are not to fill the memory of those who read them.
    if wire is not None and len(wire) > LONGEST_REMEMBERED:
        return _decode_options(wire)
    return _decode_remembered(wire)


def _decode_options(wire: bytes | None) -> JobOptions:
    found = decode_json(wire)
    options = cast(JsonObject, found) if isinstance(found, dict) else {}
    enqueued_at = from_milliseconds(natural(options.get("timestamp")) or 0)
    expires_in = from_milliseconds(natural(options.get("expiresIn")) or 0)
    return JobOptions(
        attempts=max(whole(options.get("attempts")) or 1, 1),
        backoff=_decode_backoff(options.get("backoff")),
        delay=min(from_milliseconds(natural(options.get("delay")) or 0), LONGEST_DELAY),
        priority=min(natural(options.get("priority")) or 0, HIGHEST_PRIORITY_NUMBER),
        lifo=options.get("lifo") is True,
        expires_in=min(expires_in, LONGEST_DELAY) or None,
        keep_completed=decode_keep(options.get("removeOnComplete")),
        keep_failed=decode_keep(options.get("removeOnFail")),
        stack_trace_limit=natural(options.get("stackTraceLimit")),
        log_limit=natural(options.get("kl")) or None,
        size_limit=natural(options.get("sizeLimit")) or None,
        deduplicate=decode_deduplicate(options.get("de")),
        enqueued_at=enqueued_at if 0 < enqueued_at < LATEST_MOMENT else None,
        contract_version=whole(options.get("contractVersion")),
    )


_decode_remembered = lru_cache(maxsize=4096)(_decode_options)


def _encode_backoff(backoff: Backoff | CustomBackoff) -> JsonObject:
    wire: JsonObject = {"type": backoff.kind, "delay": to_milliseconds(backoff.delay)}
    if isinstance(backoff, Backoff) and backoff.jitter > 0:
        wire["jitter"] = backoff.jitter
    return wire


def _decode_backoff(wire: object) -> Backoff | CustomBackoff | None:
    if isinstance(wire, dict):
        backoff = cast(JsonObject, wire)
        delay = from_milliseconds(natural(backoff.get("delay")) or 0)
        jitter = share(backoff.get("jitter")) or 0.0
        match backoff.get("type"):
            case "exponential":
                return Backoff("exponential", delay, jitter)
            case str(kind) if kind != "fixed" and 0 < len(kind) <= LONGEST_KIND:
                return CustomBackoff(kind, delay)
            case _:
                return Backoff("fixed", delay, jitter)
    delay = whole(wire)
    return Backoff("fixed", from_milliseconds(delay)) if delay is not None and delay > 0 else None
