"""Entries of an event stream as events (bullmq-protocol §6.5)."""

from collections.abc import Sequence

from toril.bull.codec.fields import JOB_ID
from toril.bull.codec.progress import decode_progress
from toril.bull.codec.values import moment, optional_count, text
from toril.types import EventKind, JobEvent, JobState

_KINDS = {kind.value: kind for kind in EventKind}
_STATES = {state.value: state for state in JobState} | {
    "wait": JobState.WAITING,
    "paused": JobState.WAITING,
}


def decode_event(queue: str, entry_id: bytes, fields: Sequence[bytes]) -> JobEvent:
    """One entry of an event stream; it never fails, as anybody may have written it."""
    wire = {text(name): value for name, value in zip(fields[::2], fields[1::2], strict=False)}
    name = text(wire.pop("event", b""))
    job_id = wire.pop(JOB_ID, None)
    kind = _KINDS.get(name, EventKind.UNKNOWN)

    def said(field: str, of: EventKind) -> bytes | None:
        return wire.get(field) if kind is of else None

    return JobEvent(
        queue=queue,
        id=text(entry_id),
        kind=kind,
        name=name,
        job_id=_optional(job_id),
        fields=tuple((field, text(value)) for field, value in wire.items()),
        previous=_STATES.get(text(wire.get("prev"))),
        job_name=_optional(said("name", EventKind.ADDED)),
        due_at=moment(said("delay", EventKind.DELAYED)),
        progress=decode_progress(said("data", EventKind.PROGRESS)),
        result=_optional(said("returnvalue", EventKind.COMPLETED)),
        failed_reason=_optional(said("failedReason", EventKind.FAILED)),
        attempts_made=optional_count(said("attemptsMade", EventKind.RETRIES_EXHAUSTED)),
        deduplication_id=_optional(said("deduplicationId", EventKind.DEDUPLICATED)),
        deduplicated_job_id=_optional(said("deduplicatedJobId", EventKind.DEDUPLICATED)),
        cleaned=optional_count(said("count", EventKind.CLEANED)),
    )


def _optional(value: bytes | None) -> str | None:
    return None if value is None else text(value)
