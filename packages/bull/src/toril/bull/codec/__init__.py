"""Between Python's words and BullMQ's: nothing else knows camelCase and milliseconds.

Times are seconds since the epoch (float) here and integer milliseconds there; durations are seconds and
milliseconds, but for `age`, which BullMQ counts in seconds too (bullmq-protocol §2, §8.1).
"""

from toril.bull.codec.events import decode_event
from toril.bull.codec.failures import UnknownSince, decode_stacktrace, decode_unknown, encode_failure
from toril.bull.codec.json_values import decode_json, is_json
from toril.bull.codec.options import decode_options, encode_options
from toril.bull.codec.parents import encode_parent, with_parent
from toril.bull.codec.progress import decode_progress, encode_progress
from toril.bull.codec.records import decode_record
from toril.bull.codec.retention import encode_retention
from toril.bull.codec.values import (
    count,
    due_score,
    due_seconds,
    encode_text,
    from_milliseconds,
    moment,
    number,
    optional_count,
    seconds,
    text,
    to_milliseconds,
)

__all__ = [
    "UnknownSince",
    "count",
    "decode_event",
    "decode_json",
    "decode_options",
    "decode_progress",
    "decode_record",
    "decode_stacktrace",
    "decode_unknown",
    "due_score",
    "due_seconds",
    "encode_failure",
    "encode_options",
    "encode_parent",
    "encode_progress",
    "encode_retention",
    "encode_text",
    "from_milliseconds",
    "is_json",
    "moment",
    "number",
    "optional_count",
    "seconds",
    "text",
    "to_milliseconds",
    "with_parent",
]
