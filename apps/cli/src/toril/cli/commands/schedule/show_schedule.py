"""`toril schedule show`: everything of one schedule."""

from datetime import datetime

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.errors import ScheduleNotFound
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose
from toril.cli.output import print_fields, print_json, print_section
from toril.cli.reporting import reported
from toril.cli.schedules import ScheduleId, in_words, next_run_in_words, schedule_as_json, schedules_of
from toril.types import ScheduleRecord


@reported
def show_schedule(
    queue: QueueName,
    schedule_id: ScheduleId,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Show a schedule: when it runs, and what its jobs are made from."""
    record = run(_read(url, QueueKeys(queue, prefix), schedule_id))
    if as_json:
        print_json(schedule_as_json(record))
        return
    print_fields({label: value for label, value in _fields(record).items() if value})
    print_section("data", record.data)


async def _read(url: str | None, keys: QueueKeys, schedule_id: str) -> ScheduleRecord:
    async with schedules_of(url, keys) as schedules:
        record = await schedules.get(schedule_id)
    if record is None:
        raise ScheduleNotFound(keys.queue, schedule_id)
    return record


def _fields(record: ScheduleRecord) -> dict[str, str]:
    schedule = record.schedule
    return {
        "schedule": f"{record.id} in {record.queue}",
        "job": record.name,
        "when": in_words(schedule),
        "offset": f"{schedule.offset:g} s" if schedule and schedule.offset else "",
        "start": _moment(schedule.start) if schedule else "",
        "end": _moment(schedule.end) if schedule else "",
        "limit": str(schedule.limit or "") if schedule else "",
        "runs": str(record.runs),
        "next run": next_run_in_words(record),
        "next job": record.next_job_id or "",
    }


def _moment(moment: datetime | None) -> str:
    return "" if moment is None else moment.isoformat(sep=" ", timespec="seconds")
