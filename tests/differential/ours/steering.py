"""Steering, through toril.bull."""

from differential.ours.queue import OurQueue

from toril.bull.admin import QueueAdmin
from toril.bull.errors import JobNotCancellable, JobNotFound


class OurSteering(OurQueue):
    """What people and dashboards do to a queue."""

    def cancel(self, job_id: str) -> str | None:
        try:
            self._wait_for(QueueAdmin(self._connection, self.keys).cancel(job_id))
        except JobNotFound:
            return None
        except JobNotCancellable as refusal:
            return refusal.state
        return "removed"
