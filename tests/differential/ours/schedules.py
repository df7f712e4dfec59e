"""Schedules, through toril.bull."""

from differential.ours.queue import OurQueue

from toril.bull.errors import ScheduleBusy
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.bull.schedules import JobTemplate, QueueSchedules
from toril.types import Schedule

CRON_BUSY, PACE_BUSY = -10, -11


class OurSchedules(OurQueue):
    """Schedules are set, continued and removed."""

    def set_schedule(
        self, schedule_id: str, schedule: Schedule, template: JobTemplate, *, immediately: bool = False
    ) -> int:
        setting = QueueSchedules(self._connection, self.keys).set(
            schedule_id, schedule, template, immediately=immediately, now=self.clock.now
        )
        try:
            return int(self._wait_for(setting).next_job_id.rsplit(":", 1)[1])
        except ScheduleBusy:
            return PACE_BUSY if schedule.pattern is None else CRON_BUSY

    def continue_schedule(self, job_id: str, schedule_id: str) -> int | None:
        continuation = ScheduleContinuation(self._connection, self.keys)
        due = self._wait_for(continuation.continue_after(job_id, schedule_id, now=self.clock.now))
        return None if due is None else round(due * 1000)

    def remove_schedule(self, schedule_id: str) -> bool:
        return self._wait_for(QueueSchedules(self._connection, self.keys).remove(schedule_id))
