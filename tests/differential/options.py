"""Our words for options in BullMQ's, written down a second time: so that codec.py is compared as well."""

from typing import Any

from toril.types import Deduplicate, Keep
from toril.types.job_options import JobOptions

Options = dict[str, Any]


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def job_options(options: JobOptions, job_id: str | None = None) -> Options:
    """`opts` of a job as Node would send it; None stands for absent."""
    backoff = options.backoff
    return {
        "attempts": options.attempts if options.attempts > 1 else None,
        "backoff": backoff
        and {
            "type": backoff.kind,
            "delay": milliseconds(backoff.delay),
            **({"jitter": backoff.jitter} if backoff.jitter else {}),
        },
        "delay": milliseconds(options.delay) or None,
        "priority": options.priority or None,
        "lifo": options.lifo or None,
        "removeOnComplete": _remove(options.keep_completed),
        "removeOnFail": _remove(options.keep_failed),
        "stackTraceLimit": options.stack_trace_limit,
        "kl": options.log_limit,
        "sizeLimit": options.size_limit,
        "timestamp": None if options.enqueued_at is None else milliseconds(options.enqueued_at),
        "de": options.deduplicate and deduplication(options.deduplicate),
        "contractVersion": options.contract_version,
        "jobId": job_id,
    }


def deduplication(deduplicate: Deduplicate) -> Options:
    """`de`, as Node sends it."""
    return _present(
        {
            "id": deduplicate.key,
            "ttl": None if deduplicate.ttl is None else milliseconds(deduplicate.ttl),
            "extend": deduplicate.extend or None,
            "replace": deduplicate.replace or None,
            "reschedule": deduplicate.reschedule or None,
            "keepLastIfActive": deduplicate.keep_last or None,
        }
    )


def keep_jobs(keep: Keep | None) -> Options:
    """`keepJobs` as moveToFinished wants it."""
    if keep is None or (keep.count is None and keep.age is None):
        return {"count": -1}
    if keep.count == 0:
        return {"count": 0}
    return _present({"count": keep.count, "age": keep.age, "limit": keep.limit})


def _remove(keep: Keep | None) -> bool | int | Options | None:
    if keep is None:
        return None
    if keep.age is None or keep.count == 0:
        return {None: False, 0: True}.get(keep.count, keep.count)
    return _present({"age": keep.age, "count": keep.count, "limit": keep.limit})


def _present(options: Options) -> Options:
    return {name: value for name, value in options.items() if value is not None}
