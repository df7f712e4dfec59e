"""Job hashes as records (bullmq-protocol §2)."""

from collections.abc import Mapping

from toril.bull.codec.failures import decode_stacktrace
from toril.bull.codec.options import decode_options
from toril.bull.codec.progress import decode_progress
from toril.bull.codec.values import count, from_milliseconds, moment, number, text
from toril.types import JobRecord, JobState


def decode_record(
    queue: str, job_id: str, fields: Mapping[bytes, bytes], state: JobState | None
) -> JobRecord:
    """The record of a job hash. A field that is missing or cannot be read gets its default."""

    def optional(field: bytes) -> str | None:
        return text(fields[field]) if field in fields else None

    options = decode_options(fields.get(b"opts"))
    return JobRecord(
        queue=queue,
        id=job_id,
        name=text(fields.get(b"name")),
        data=text(fields.get(b"data")),
        state=state,
        enqueued_at=moment(fields.get(b"timestamp")),
        started_at=moment(fields.get(b"processedOn")),
        finished_at=moment(fields.get(b"finishedOn")),
        delay=from_milliseconds(number(fields.get(b"delay"))),
        priority=count(fields.get(b"priority")),
        attempts=options.attempts,
        attempts_made=count(fields.get(b"attemptsMade", fields.get(b"atm"))),
        attempts_started=count(fields.get(b"ats")),
        stalled_count=count(fields.get(b"stc")),
        backoff=options.backoff,
        expires_in=options.expires_in,
        keep_completed=options.keep_completed,
        keep_failed=options.keep_failed,
        progress=decode_progress(fields.get(b"progress")),
        result=optional(b"returnvalue"),
        failed_reason=optional(b"failedReason"),
        stacktrace=decode_stacktrace(fields.get(b"stacktrace")),
        processed_by=optional(b"pb"),
        parent_key=optional(b"parentKey"),
        deduplication_key=optional(b"deid"),
        contract_version=options.contract_version,
    )
