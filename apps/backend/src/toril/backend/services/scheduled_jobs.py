"""Jobs that run again and again."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from toril.backend.services.enqueue_options import EnqueueOptions, new_job
from toril.backend.services.open_service import OpenService
from toril.bull.schedules import JobTemplate, QueueSchedules
from toril.jobs import Contract, Job, Queue, Schedule
from toril.types import ScheduleRecord


class AppliedSchedule(NamedTuple):
    """What became of a schedule that a contract declares.

    Attributes:
        queue, id: the contract's queue and name.
        record: the schedule as it stands; None if its end passed before it was ever set.
        changed: whether it was set now: it was not there, said something else, or had lost its next run.
    """

    queue: str
    id: str
    record: ScheduleRecord | None
    changed: bool


class ScheduledJobs(OpenService):
    """The part of a queue service that keeps schedules."""

    async def schedule(
        self,
        job: Job[Any],
        schedule: Schedule,
        *,
        schedule_id: str | None = None,
        immediately: bool = False,
        priority: int = 0,
        lifo: bool = False,
    ) -> ScheduleRecord:
        """Has jobs like this one run again and again, in place of what the schedule of that id said before.

            await queues.schedule(SweepFloor(rooms=3), Schedule.cron("0 3 * * *", tz="Europe/Berlin"))

        The next run takes the place of the one that waits; where the pace stays the same, also its time. One
        that is under way goes on.

        Args:
            schedule_id: by default the name of the job's contract. Without ":".
            immediately: run at once, and then as the cron pattern says; a steady pace without a start or an
                offset begins at once anyway.
            priority: as for `enqueue`, for each of the jobs; so is `lifo`.

        Raises:
            InvalidSchedule: it cannot be kept; the error names the part at fault. Nothing is stored.
            InvalidPayload: the job does not fit its contract; nothing is stored.
            InvalidJobOptions: an option out of range.
            ScheduleBusy: a job of the schedule, perhaps one that runs, stands at the time of its next run.
            NotAContract: the job's class has no name.
            BrokerUnavailable: Redis did not answer; the schedule may have been set. It can be set again.
            ServiceClosed: the service is not open.
        """
        contract: Contract[Any, Any] = type(job).contract()
        template = _template(contract, job, EnqueueOptions(priority=priority, lifo=lifo))
        schedules = self.schedules(contract.queue)
        return await schedules.set(schedule_id or contract.name, schedule, template, immediately=immediately)

    async def unschedule(self, contract: type[Job[Any]], *, schedule_id: str | None = None) -> bool:
        """Removes a schedule, and its next run if that waits to be started.

        Args:
            contract: the class of its jobs.
            schedule_id: by default the contract's name.

        Returns:
            Whether there was one.

        Raises:
            NotAContract: the class has no name.
            BrokerUnavailable: Redis did not answer; the schedule may have been removed.
            ServiceClosed: the service is not open.
        """
        declared: Contract[Any, Any] = contract.contract()
        return await self.schedules(declared.queue).remove(schedule_id or declared.name)

    async def apply_schedules(self, catalog: Iterable[Contract[Any, Any]]) -> list[AppliedSchedule]:
        """Sets the schedules that contracts declare, each with its contract's name as its id.

        Run it with every deploy: a schedule that stands as it should is left alone, and one that is over too.
        A schedule that no contract declares any longer stays until it is removed.

        Args:
            catalog: `Catalog.load("package.contracts")`, or any contracts.

        Raises:
            as `schedule`; the schedules before the one at fault are set.
        """
        applied: list[AppliedSchedule] = []
        for contract in catalog:
            if contract.schedule is None:
                continue
            template = _template(contract, contract.job_type(), EnqueueOptions())
            schedules = self.schedules(contract.queue)
            ensured = await schedules.ensure(contract.name, contract.schedule, template)
            applied.append(AppliedSchedule(*contract.key, *ensured))
        return applied

    def schedules(self, queue: Queue | str) -> QueueSchedules:
        """The schedules of a queue, or of what has that name, whoever set them: to list and to remove.

        Raises:
            InvalidQueueName: no queue can have that name.
            ServiceClosed: the service is not open.
        """
        return self._open_session().schedules(queue if isinstance(queue, str) else queue.name)


def _template(contract: Contract[Any, Any], job: Job[Any], options: EnqueueOptions) -> JobTemplate:
    new = new_job(contract, job, options)
    return JobTemplate(new.name, new.data, new.options)
