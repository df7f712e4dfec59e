"""A job that this worker cannot run, but another one may: during a rolling deploy, or beside Node."""

import time

from toril.bull.codec import UnknownSince
from toril.bull.intake import TakenJob
from toril.bull.outcomes import Failed, Postponed
from toril.types import Keep
from toril.worker.errors import UnknownJob
from toril.worker.failures import describe, failed_for_good

SHORTEST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


def unknown_job(
    job: TakenJob, known: list[str], grace: float, keep_failed: Keep | None, *, now: float | None = None
) -> Failed | Postponed:
    """What becomes of a job that this worker has no handler for: see `put_back`."""
    return put_back(job, UnknownJob(job.name, known, grace), grace, keep_failed, now=now)


def put_back(
    job: TakenJob, error: Exception, grace: float, keep_failed: Keep | None, *, now: float | None = None
) -> Failed | Postponed:
    """Puts the job back for a while that grows with each time, and fails it once `grace` seconds are over.

    No attempt is burnt, and nothing is written that a worker who can run it would mind.

    Args:
        error: why it fails in the end.
    """
    present = time.time() if now is None else now
    since = present if job.unknown_since is None else job.unknown_since
    waited = present - since
    if waited >= grace:
        return failed_for_good(job, describe(error), (), keep_failed)
    # As long again as it has waited so far: the pauses double.
    pause = min(max(SHORTEST_PAUSE, waited), LONGEST_PAUSE, grace - waited)
    unknown = UnknownSince(since, job.attempts_made)
    return Postponed(job.id, job.token, pause, burns_attempt=False, unknown=unknown)
