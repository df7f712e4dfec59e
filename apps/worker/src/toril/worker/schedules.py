"""Keeping schedules going: the worker that takes a run of one makes the next, before it runs this one."""

from toril.bull.errors import BrokerUnavailable, BullError
from toril.bull.intake import TakenJob
from toril.bull.outage import Outage
from toril.bull.outcomes import Failed, Postponed
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.types import Keep
from toril.worker import log
from toril.worker.unknown import put_back


class ScheduleKeeper:
    """Continues the schedules of one queue.

    Args:
        grace: seconds for which a run is put back whose schedule only another worker can continue.
        keep_failed: how long to keep jobs that have failed for good and do not say so themselves.
    """

    def __init__(
        self,
        queue: str,
        continuation: ScheduleContinuation,
        outage: Outage,
        *,
        grace: float,
        keep_failed: Keep | None = None,
    ) -> None:
        self._queue = queue
        self._continuation = continuation
        self._outage = outage
        self._grace = grace
        self._keep_failed = keep_failed

    async def keep_going(self, job: TakenJob, schedule_id: str) -> Failed | Postponed | None:
        """Sees to it that the next run is there, however long Redis is gone meanwhile.

        The answer is the outcome of a job whose schedule cannot be continued here; it must not run, or the
        schedule would end with it. None is for all others.
        """
        while True:
            try:
                await self._continuation.continue_after(job.id, schedule_id)
            except BrokerUnavailable as error:
                await self._outage.endure(error)
            except BullError as error:
                log.schedule_not_continued(self._queue, job.id, schedule_id, str(error))
                return put_back(job, error, self._grace, self._keep_failed)
            else:
                return None
