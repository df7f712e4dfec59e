"""Schedules, declared and set."""

from datetime import UTC, datetime
from typing import assert_type

from toril.backend import AppliedSchedule, QueueService
from toril.jobs import Job, Queue, Schedule
from toril.types import ScheduleRecord

reports = Queue("types-schedules-reports")


class Write(Job[None], queue=reports, name="write", schedule=Schedule.cron("0 3 * * *", tz="Europe/Berlin")):
    days: int = 1


async def keep(queues: QueueService) -> None:
    every = Schedule.every(60.0, offset=5.0, start=datetime.now(UTC), limit=3)
    assert_type(await queues.schedule(Write(days=7), every, schedule_id="weekly"), ScheduleRecord)
    assert_type(await queues.apply_schedules([Write.contract()]), list[AppliedSchedule])
    assert_type(await queues.schedules(reports).get("weekly"), ScheduleRecord | None)
    assert_type(await queues.unschedule(Write), bool)
    await queues.schedule(Write, every)  # error: Job
    Schedule.cron("0 3 * * *", offset=5.0)  # error: offset
    Schedule.every("60")  # error: float
