"""Steering, through toril.bull."""

from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, TypeVar

from differential.ours.queue import OurQueue

from toril.bull.admin import QueueAdmin
from toril.bull.errors import JobLocked, JobNotFound, QueueBusy, QueueNotPaused, WrongState
from toril.bull.intake import RateLimit
from toril.types import JobState

T = TypeVar("T")


class OurSteering(OurQueue):
    """What people and dashboards do to a queue and to its jobs."""

    def pause(self) -> None:
        self._wait_for(self._admin.pause())

    def resume(self) -> None:
        self._wait_for(self._admin.resume())

    def set_concurrency(self, most: int | None) -> None:
        self._wait_for(self._admin.set_concurrency(most))

    def set_rate_limit(self, jobs: int | None, duration: float | None = None) -> None:
        limit = None if jobs is None or duration is None else RateLimit(jobs, duration)
        self._wait_for(self._admin.set_rate_limit(limit))

    def limit_rate_for(self, seconds: float) -> None:
        self._wait_for(self._admin.limit_rate_for(seconds))

    def end_rate_limit(self) -> bool:
        return self._wait_for(self._admin.end_rate_limit())

    def trim_events(self, most: int) -> None:
        self._wait_for(self._admin.trim_events(most))

    def keep_events(self, most: int) -> None:
        self._wait_for(self._admin.keep_events(most))

    def clear_logs(self, job_id: str, keep: int = 0) -> None:
        self._wait_for(self._admin.clear_logs(job_id, keep=keep))

    def drain(self, include_delayed: bool = False) -> None:
        self._wait_for(self._admin.drain(include_delayed=include_delayed))

    def clean(self, state: JobState, grace: float = 0.0, limit: int | None = None) -> list[str]:
        return self._wait_for(self._admin.clean(state, grace=grace, limit=limit, now=self.clock.now))

    def obliterate(self, force: bool = False) -> str:
        try:
            self._wait_for(self._admin.obliterate(force=force))
        except QueueNotPaused:
            return "not paused"
        except QueueBusy:
            return "busy"
        return "done"

    def retry_all(self, state: JobState = JobState.FAILED, before: float | None = None) -> None:
        moment = datetime.fromtimestamp(self.clock.now if before is None else before, UTC)
        self._wait_for(self._admin.retry_all(state, before=moment))  # type: ignore[arg-type]

    def retry_each(self, state: JobState = JobState.FAILED) -> None:
        self.retry_all(state)

    def promote_all(self) -> None:
        self._wait_for(self._admin.promote_all())

    def cancel(self, job_id: str) -> str | None:
        return self._outcome(self._admin.cancel(job_id), "removed")

    def remove(self, job_id: str, with_children: bool = True) -> str | None:
        answer = self._outcome(self._admin.remove(job_id, with_children=with_children), "removed")
        return "scheduled" if answer == "the pending run of a schedule" else answer

    def retry(self, job_id: str, made: bool = False, started: bool = False) -> str | None:
        retrying = self._admin.retry(job_id, reset_attempts_made=made, reset_attempts_started=started)
        return self._outcome(retrying)

    def promote(self, job_id: str) -> str | None:
        return self._outcome(self._admin.promote(job_id))

    def change_delay(self, job_id: str, delay: float) -> str | None:
        return self._outcome(self._admin.change_delay(job_id, delay, now=self.clock.now))

    def change_priority(self, job_id: str, priority: int, lifo: bool = False) -> str | None:
        return self._outcome(self._admin.change_priority(job_id, priority, lifo=lifo))

    def update_data(self, job_id: str, data: bytes) -> str | None:
        return self._outcome(self._admin.update_data(job_id, data))

    def remove_unprocessed_children(self, job_id: str) -> None:
        with suppress(JobNotFound):
            self._wait_for(self._admin.remove_unprocessed_children(job_id))

    def detach(self, job_id: str) -> bool | None:
        try:
            return self._wait_for(self._admin.detach(job_id))
        except JobNotFound:
            return None

    def release_deduplication(self, key: str, held_by: str | None = None) -> bool:
        return self._wait_for(self._admin.release_deduplication(key, held_by=held_by))

    @property
    def _admin(self) -> QueueAdmin:
        return QueueAdmin(self._connection, self.keys)

    def _outcome(self, action: Coroutine[Any, Any, None], done: str = "done") -> str | None:
        try:
            self._wait_for(action)
        except JobNotFound:
            return None
        except JobLocked:
            return "locked"
        except WrongState as refusal:
            return refusal.state
        return done
