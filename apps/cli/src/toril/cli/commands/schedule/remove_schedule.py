"""`toril schedule remove`: end a schedule."""

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.cli.errors import ScheduleNotFound
from toril.cli.event_loop import run
from toril.cli.options import AsJson, Prefix, QueueName, Url, Verbose, Yes
from toril.cli.output import print_json, print_note
from toril.cli.reporting import reported
from toril.cli.schedules import ScheduleId, schedules_of
from toril.cli.steering import confirm


@reported
def remove_schedule(
    queue: QueueName,
    schedule_id: ScheduleId,
    yes: Yes = False,
    url: Url = None,
    prefix: Prefix = DEFAULT_PREFIX,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> None:
    """Remove a schedule, and its next run if that waits to be started. One that runs goes on."""
    confirm(f"remove schedule {schedule_id!r} of queue {queue!r}", yes=yes)
    run(_remove(url, QueueKeys(queue, prefix), schedule_id))
    if as_json:
        print_json({"queue": queue, "id": schedule_id, "removed": True})
    else:
        print_note(f"schedule {schedule_id!r} of queue {queue!r} is removed")


async def _remove(url: str | None, keys: QueueKeys, schedule_id: str) -> None:
    async with schedules_of(url, keys) as schedules:
        if not await schedules.remove(schedule_id):
            raise ScheduleNotFound(keys.queue, schedule_id)
