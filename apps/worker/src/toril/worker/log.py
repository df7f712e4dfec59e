"""What a worker says of itself: each event has its function here, and only here is it worded."""

import sys
from contextlib import suppress

import structlog

_logger: structlog.stdlib.BoundLogger = structlog.get_logger("toril.worker")


class _Log:
    """The logger, which must stop no worker: a handler may have closed what it writes to."""

    def info(self, event: str, **facts: object) -> None:
        self._say("info", event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._say("warning", event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._say("error", event, facts)

    def _say(self, level: str, event: str, facts: dict[str, object]) -> None:
        try:
            getattr(_logger, level)(event, **facts)
        except (OSError, ValueError) as fault:
            if sys.__stderr__ is not None:
                with suppress(OSError, ValueError):
                    sys.__stderr__.write(f"{level}: {event} {facts!a} (not logged: {fault})\n")


_log = _Log()


def started(queue: str, worker: str | None, concurrency: int, handlers: list[str]) -> None:
    named = {} if worker is None else {"worker": worker}
    _log.info("worker started", queue=queue, concurrency=concurrency, handlers=handlers, **named)


def paused(queue: str) -> None:
    _log.info("worker paused", queue=queue)


def resumed(queue: str) -> None:
    _log.info("worker resumed", queue=queue)


def stopping(queue: str, running: int, grace: float) -> None:
    _log.info("worker stopping", queue=queue, running=running, grace=grace)


def stopped(queue: str, released: int, abandoned: list[str]) -> None:
    _log.info("worker stopped", queue=queue, handed_back=released)
    if abandoned:
        _log.error(
            "handlers did not end when cancelled; their jobs run again once the locks have run out",
            queue=queue,
            job_ids=abandoned,
        )


def unsettled(queue: str, job_ids: list[str]) -> None:
    _log.error(
        "stopped before Redis took the outcome of these jobs; they run again once their locks have run out",
        queue=queue,
        job_ids=job_ids,
    )


def job_failed(queue: str, job_id: str, name: str, reason: str, attempt: int, attempts: int) -> None:
    _log.warning(
        "job failed", queue=queue, job_id=job_id, name=name, reason=reason, attempt=attempt, attempts=attempts
    )


def job_put_back(queue: str, job_id: str, name: str, pause: float) -> None:
    _log.warning(
        "job cannot be run here, put back", queue=queue, job_id=job_id, name=name, pause=round(pause, 1)
    )


def schedule_not_continued(queue: str, job_id: str, schedule_id: str, reason: str) -> None:
    _log.error(
        "schedule not continued, its run is left to another worker",
        queue=queue,
        job_id=job_id,
        schedule=schedule_id,
        reason=reason,
    )


def lock_lost(queue: str, job_id: str) -> None:
    _log.error("lock lost, handler cancelled: another worker may run the job", queue=queue, job_id=job_id)


def job_cancelled(queue: str, job_id: str) -> None:
    _log.info("job cancelled, its handler is to end", queue=queue, job_id=job_id)


def cancellations_unheard(queue: str, reason: str) -> None:
    _log.warning(
        "cannot hear which jobs are cancelled: it is noticed only as their locks are renewed",
        queue=queue,
        reason=reason,
    )


def locks_not_renewed(reason: str) -> None:
    _log.error("locks could not be renewed, trying again", reason=reason)


def outcome_refused(queue: str, job_id: str, outcome: str, refusal: str) -> None:
    _log.error(
        "outcome refused, the job is no longer ours",
        queue=queue,
        job_id=job_id,
        outcome=outcome,
        refusal=refusal,
    )


def settled_before(queue: str, job_id: str) -> None:
    _log.info("outcome had been settled before the connection broke", queue=queue, job_id=job_id)


def stalled_recovered(queue: str, job_ids: list[str]) -> None:
    _log.warning("stalled jobs put back in line", queue=queue, job_ids=job_ids)


def broker_lost(queue: str, reason: str) -> None:
    _log.error("Redis is not available, trying again", queue=queue, reason=reason)


def broker_back(queue: str, after: float) -> None:
    _log.info("Redis is back", queue=queue, after=round(after, 1))


def health_not_told(reason: str) -> None:
    _log.error("a health check could not be answered", reason=reason)
