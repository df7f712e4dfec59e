"""Working, through toril.bull."""

from collections.abc import Sequence

from differential.ours.queue import OurQueue
from differential.side import Job, Reply

from toril.bull.errors import JobNotFound
from toril.bull.feedback import JobFeedback
from toril.bull.intake import Intake, TakenJob
from toril.bull.locks import LockRenewal
from toril.bull.outcomes import Outcome
from toril.bull.stalled import StalledCheck


class OurWorking(OurQueue):
    """Jobs are taken, followed and settled."""

    def settle_and_take(self, outcomes: Sequence[Outcome], capacity: int, token: str) -> Reply:
        intake = Intake(
            self._connection,
            self.keys,
            worker_id="ours",
            worker_name=self.worker.name,
            lock_duration=self.worker.lock_duration,
            limit=self.worker.limit,
            metrics_minutes=self.worker.metrics_minutes,
        )
        taken = self._wait_for(intake.settle_and_take(outcomes, capacity, now=self.clock.now, token=token))
        return Reply(
            refused=[(refused.job_id, refused.code) for refused in taken.refused],
            jobs=[_job(job) for job in taken.jobs],
            limited_for=taken.limited_for,
            next_due=taken.next_due,
            blocked=taken.blocked,
        )

    def recover_stalled(self) -> list[str]:
        check = StalledCheck(
            self._connection,
            self.keys,
            interval=self.worker.stalled_interval,
            most_stalls=self.worker.most_stalls,
        )
        return self._wait_for(check.recover(now=self.clock.now))

    def renew_locks(self, locks: Sequence[tuple[str, str]]) -> list[str]:
        renewal = LockRenewal(self._blocking, self.keys, lock_duration=self.worker.lock_duration)
        lost = renewal.renew(locks).lost
        return [job_id for job_id, _ in locks if job_id in lost]

    def update_progress(self, job_id: str, fraction: float) -> int:
        try:
            self._wait_for(JobFeedback(self._connection, self.keys).progress(job_id, fraction))
        except JobNotFound:
            return -1
        return 0

    def add_log(self, job_id: str, line: str, limit: int | None = None) -> int:
        try:
            self._wait_for(JobFeedback(self._connection, self.keys).log(job_id, line, limit=limit))
        except JobNotFound:
            return -1
        return 0


def _job(taken: TakenJob) -> Job:
    return Job(
        id=taken.id,
        name=taken.name,
        data=taken.data,
        attempts=taken.options.attempts,
        attempts_made=taken.attempts_made,
        attempts_started=taken.attempts_started,
        stalled_count=taken.stalled_count,
        enqueued_at=taken.enqueued_at,
        deferred_failure=taken.deferred_failure,
    )
