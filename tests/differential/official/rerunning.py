"""Letting many jobs run, as BullMQ's scripts and clients do it."""

from differential.official.jobs import OfficialJobs
from differential.official.queue import OfficialQueue
from differential.options import milliseconds

from toril.types import JobState

MOVE = " events {state} wait paused meta active marker"
MOST_JOBS_A_CALL = 250


class OfficialRerunning(OfficialJobs, OfficialQueue):
    """Retry and promote all."""

    def retry_all(self, state: JobState = JobState.FAILED, before: float | None = None) -> None:
        """Lets finished jobs run again, by `retryJobs`."""
        newest = self._now if before is None else milliseconds(before)
        names = MOVE.format(state=state)
        while self._run("moveJobsToWait-8", names, [MOST_JOBS_A_CALL, newest, state]):
            pass

    def retry_each(self, state: JobState = JobState.FAILED) -> None:
        """The same job by job, in the order in which they ended."""
        for job_id in self.client.zrange(self.keys.base + state, 0, -1):
            self.retry(job_id.decode())

    def promote_all(self) -> None:
        """Lets delayed jobs run now, one by one in the order in which they are due: see PARITY.md."""
        for job_id in self.client.zrange(self.keys.base + "delayed", 0, -1):
            self.promote(job_id.decode())
