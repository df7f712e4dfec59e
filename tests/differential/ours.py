"""Our side: the same steps through toril.bull. What it has no words for is set up as BullMQ would."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from differential.official import Official
from differential.scripts import OfficialScripts
from differential.side import Clock, Job, Reply, Worker
from redis import Redis

from toril.bull.admin import QueueAdmin
from toril.bull.connection import Connection
from toril.bull.errors import JobNotCancellable, JobNotFound
from toril.bull.feedback import JobFeedback
from toril.bull.intake import Intake, TakenJob
from toril.bull.keys import QueueKeys
from toril.bull.locks import LockRenewal
from toril.bull.outcomes import Outcome
from toril.bull.queue import JobQueue, NewJob
from toril.bull.stalled import StalledCheck
from toril.bull.thread_connection import ThreadConnection


@dataclass(frozen=True)
class Connections:
    """What our classes talk over, and the event loop that runs them."""

    runner: asyncio.Runner
    asynchronous: Connection
    blocking: ThreadConnection


class Ours(Official):
    """One queue, driven by our own scripts where we have them."""

    def __init__(
        self,
        client: Redis,
        scripts: OfficialScripts,
        keys: QueueKeys,
        clock: Clock,
        worker: Worker,
        connections: Connections,
    ) -> None:
        super().__init__(client, scripts, keys, clock, worker)
        self._wait_for = connections.runner.run
        self._connection = connections.asynchronous
        self._blocking = connections.blocking

    def add(self, jobs: Sequence[NewJob]) -> list[str]:
        return self._wait_for(JobQueue(self._connection, self.keys).add(jobs, now=self.clock.now))

    def settle_and_take(self, outcomes: Sequence[Outcome], capacity: int, token: str) -> Reply:
        intake = Intake(
            self._connection,
            self.keys,
            worker_id="ours",
            worker_name=self.worker.name,
            lock_duration=self.worker.lock_duration,
            limit=self.worker.limit,
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
        return renewal.renew(locks)

    def update_progress(self, job_id: str, fraction: float) -> int:
        try:
            self._wait_for(JobFeedback(self._connection, self.keys).progress(job_id, fraction))
        except JobNotFound:
            return -1
        return 0

    def add_log(self, job_id: str, line: str) -> int:
        try:
            self._wait_for(JobFeedback(self._connection, self.keys).log(job_id, line))
        except JobNotFound:
            return -1
        return 0

    def cancel(self, job_id: str) -> str | None:
        try:
            self._wait_for(QueueAdmin(self._connection, self.keys).cancel(job_id))
        except JobNotFound:
            return None
        except JobNotCancellable as refusal:
            return refusal.state
        return "removed"


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
