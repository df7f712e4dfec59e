"""Entries of an event stream as events (bullmq-protocol §6.5)."""

from collections.abc import Sequence

from toril.bull.codec.progress import decode_progress
from toril.bull.codec.values import text
from toril.types import EventKind, JobEvent

_KINDS = {kind.value: kind for kind in EventKind}


def decode_event(queue: str, entry_id: bytes, fields: Sequence[bytes]) -> JobEvent:
    """One entry of an event stream; what a newer BullMQ may say that we do not know becomes UNKNOWN."""
    wire = {text(name): value for name, value in zip(fields[::2], fields[1::2], strict=False)}
    name = text(wire.pop("event", b""))
    job_id = wire.pop("jobId", None)
    kind = _KINDS.get(name, EventKind.UNKNOWN)
    progress = decode_progress(wire.get("data")) if kind is EventKind.PROGRESS else None
    result, reason = wire.get("returnvalue"), wire.get("failedReason")
    return JobEvent(
        queue=queue,
        id=text(entry_id),
        kind=kind,
        job_id=None if job_id is None else text(job_id),
        fields=tuple((field, text(value)) for field, value in wire.items()),
        progress=progress,
        result=None if result is None else text(result),
        failed_reason=None if reason is None else text(reason),
    )
