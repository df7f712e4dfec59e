"""The official calls that end the run of a job and take the next one (bullmq-protocol §4.2 to §4.4)."""

import json
from collections.abc import Sequence

from differential.options import Options, keep_jobs, milliseconds
from differential.scripts import Call, pack, under
from differential.side import Worker

from toril.bull.keys import QueueKeys
from toril.bull.outcomes import Completed, Failed, Limited, Outcome, Parked, Postponed, Released, Retried

TAKE = "wait active prioritized events stalled limiter delayed paused meta pc"
FINISH = TAKE + " {target} {id} metrics:{target} marker"
RETRY = "active wait paused {id} meta events delayed prioritized pc marker stalled"
POSTPONE = "marker active prioritized delayed {id} events meta stalled wait limiter pc"
PARK = "active waiting-children {id} {id}:dependencies {id}:unsuccessful stalled events"
RELEASE = "active wait stalled paused meta limiter prioritized marker events"


def take_call(keys: QueueKeys, now: int, worker: Worker, token: str) -> Call:
    """The call that takes one job, locked with `token`."""
    arguments = [keys.base, now, pack(_terms(worker, token))]
    return Call("moveToActive-11", under(keys.base, f"{TAKE} marker"), arguments)


def settle_call(keys: QueueKeys, now: int, worker: Worker, outcome: Outcome, *, fetches: bool) -> Call:
    """The call that settles one job.

    Args:
        now: milliseconds since the epoch.
        fetches: take another job in the same call; only the end of a job can.
    """
    job_id, token = outcome.job_id, outcome.token
    match outcome:
        case Completed() | Failed():
            return _finish(keys, now, worker, outcome, fetches)
        case Retried():
            fields = _failure(outcome.reason, outcome.stacktrace)
            arguments = [keys.base, now, "LPUSH", job_id, token, fields]
            return Call("retryJob-11", under(keys.base, RETRY.format(id=job_id)), arguments)
        case Postponed():
            fields, delay = _failure(outcome.reason, outcome.stacktrace), milliseconds(outcome.delay)
            skips_attempt = "0" if outcome.burns_attempt else "1"
            arguments = [keys.base, now, job_id, token, delay, skips_attempt, fields, "0", ""]
            return Call("moveToDelayed-11", under(keys.base, POSTPONE.format(id=job_id)), arguments)
        case Parked():
            arguments = [token, "", now, job_id, keys.base]
            return Call("moveToWaitingChildren-7", under(keys.base, PARK.format(id=job_id)), arguments)
        case Released() | Limited():
            arguments = [job_id, token, keys.job(job_id)]
            return Call("moveJobFromActiveToWait-9", under(keys.base, RELEASE), arguments)


def _finish(keys: QueueKeys, now: int, worker: Worker, outcome: Completed | Failed, fetches: bool) -> Call:
    if isinstance(outcome, Completed):
        target, field, value, attempts, fields = "completed", "returnvalue", outcome.result, 1, b""
    else:
        target, field, value, attempts = "failed", "failedReason", outcome.reason, outcome.attempts
        fields = _failure(outcome.reason, outcome.stacktrace)
    options = {
        **_terms(worker, outcome.token),
        "keepJobs": keep_jobs(outcome.keep),
        "attempts": attempts,
        "maxMetricsSize": worker.metrics_minutes or "",
    }
    names = FINISH.format(target=target, id=outcome.job_id)
    fetch = "1" if fetches else "0"
    arguments = [outcome.job_id, now, field, value, target, fetch, keys.base, pack(options), fields]
    return Call("moveToFinished-14", under(keys.base, names), arguments)


def _terms(worker: Worker, token: str) -> Options:
    limit = worker.limit
    return {
        "token": token,
        "lockDuration": milliseconds(worker.lock_duration),
        "name": worker.name,
        "limiter": limit and {"max": limit.jobs, "duration": milliseconds(limit.duration)},
    }


def _failure(reason: str | None, stacktrace: Sequence[str]) -> bytes:
    """The fields that a failed attempt updates; an empty string, and no empty array, for none."""
    if reason is None:
        return b""
    return pack(["failedReason", reason, "stacktrace", json.dumps(list(stacktrace))])
