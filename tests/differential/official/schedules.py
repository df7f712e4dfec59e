"""Schedules, as BullMQ's scripts and its JobScheduler do them."""

import json
from typing import Any

from differential.official.queue import OfficialQueue
from differential.options import Options, job_options
from differential.scripts import pack

from toril.bull.codec import to_milliseconds
from toril.bull.cron import cron_pattern
from toril.bull.schedules import JobTemplate
from toril.types import Schedule

ADD = "repeat delayed wait paused meta prioritized marker id events pc active"
UPDATE = "repeat delayed wait paused meta prioritized marker id events pc {} active"


class OfficialSchedules(OfficialQueue):
    """Job schedulers are set, continued and removed."""

    def set_schedule(
        self, schedule_id: str, schedule: Schedule, template: JobTemplate, *, immediately: bool = False
    ) -> int:
        """Sets a schedule; answers when it runs next (ms), or with a negative code."""
        now = self._now
        planned = self._planned(_repeat(schedule), now)
        planned = now if immediately and planned else planned
        options = _given(job_options(template.options))
        repeat = _repeat(schedule)
        first = _run_options(options, {**repeat, "count": 1}, schedule_id, planned, now)
        arguments = [
            planned or "",
            pack({"name": template.name, **repeat}),
            schedule_id,
            template.data,
            pack(options),
            pack(first),
            now,
            self.keys.base,
            "",
        ]
        reply = self._run("addJobScheduler-11", ADD, arguments)
        return reply if isinstance(reply, int) else int(reply[0].rsplit(b":", 1)[1])

    def continue_schedule(self, job_id: str, schedule_id: str) -> int | None:
        """Makes the next run, as the worker that took one does; when it is due (ms), or None."""
        now = self._now
        options = json.loads(self.client.hget(self.keys.job(job_id), "opts") or "{}")
        repeat = options.get("repeat", {})
        number = repeat["count"] + 1 if repeat.get("count") else 1
        if number > repeat.get("limit", number) or now > repeat.get("endDate", now):
            return None
        planned = self._planned(repeat, max(now, options.get("prevMillis", 0)))
        if "every" not in repeat and planned is None:
            return None
        following = _run_options(options, {**repeat, "count": number}, schedule_id, planned, now)
        arguments = [planned or "", schedule_id, b"{}", pack(following), now, self.keys.base, job_id]
        reply = self._run("updateJobScheduler-12", UPDATE.format(job_id), arguments)
        return None if reply is None else int(reply.rsplit(b":", 1)[1])

    def remove_schedule(self, schedule_id: str) -> bool:
        """Removes a schedule; whether there was one."""
        return self._run("removeJobScheduler-3", "repeat delayed events", [schedule_id, self.keys.base]) == 0

    def _planned(self, repeat: Options, now: int) -> int | None:
        if "pattern" not in repeat:
            return None
        start = max(now, repeat.get("startDate", 0)) / 1000
        found = cron_pattern(repeat["pattern"], repeat["tz"]).next_after(start)
        planned = None if found is None else to_milliseconds(found)
        return None if planned is None or planned > repeat.get("endDate", planned) else planned


def _repeat(schedule: Schedule) -> Options:
    """BullMQ's repeat options; an offset of nothing is written as a whole interval."""
    interval, offset = schedule.interval, schedule.offset
    return _given(
        {
            "pattern": schedule.pattern,
            "tz": schedule.tz,
            "every": None if interval is None else round(interval * 1000),
            "offset": None if offset is None else round((offset or interval or 0) * 1000),
            "limit": schedule.limit,
            "startDate": None if schedule.start is None else round(schedule.start.timestamp() * 1000),
            "endDate": None if schedule.end is None else round(schedule.end.timestamp() * 1000),
        }
    )


def _run_options(
    options: Options, repeat: Options, schedule_id: str, planned: int | None, now: int
) -> Options:
    own = {"repeat": repeat, "repeatJobKey": schedule_id, "timestamp": now, "prevMillis": planned}
    return _given({**options, **own})


def _given(options: dict[str, Any]) -> Options:
    return {name: value for name, value in options.items() if value is not None}
