"""Setting and reading the schedules of a queue: BullMQ's job schedulers."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import chain
from typing import NamedTuple

from toril.bull.codec import decode_json, encode_options, encode_text, text, to_milliseconds
from toril.bull.codec.schedules import decode_schedule_record, first_run_options, record_fields
from toril.bull.connection import Connection
from toril.bull.cron import check_pattern, cron_pattern
from toril.bull.errors import ScheduleBusy
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load
from toril.types import InvalidSchedule, Schedule, ScheduleRecord
from toril.types.job_options import LONGEST_JOB_ID, JobOptions

MOST_SCHEDULES_A_PAGE = 250


class JobTemplate(NamedTuple):
    """What the jobs of a schedule are made from. `data` is JSON."""

    name: str
    data: bytes
    options: JobOptions


class QueueSchedules:
    """The schedules of one queue. Every method raises BrokerUnavailable if Redis does not answer."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._set = load("schedules/set")
        self._remove = load("schedules/remove")
        self._read = load("schedules/read_schedule")
        self._list = load("schedules/list_schedules")

    async def set(
        self,
        schedule_id: str,
        schedule: Schedule,
        template: JobTemplate,
        *,
        immediately: bool = False,
        now: float | None = None,
    ) -> ScheduleRecord:
        """Sets a schedule, new or in place of the one with its id.

        The next run takes the place of the one that waits; where the pace stays the same, also its time.

        Args:
            immediately: run at once, and then as the cron pattern says; a steady pace without a start or an
                offset begins at once anyway.
            now: epoch seconds; by default the present.

        Raises:
            InvalidSchedule: Redis or Node could not keep it, or it has no run that is still to come.
            ScheduleBusy: the job that it has under way stands at the time of its next run.
        """
        present = time.time() if now is None else now
        _check(schedule_id, schedule, present)
        planned = None if schedule.pattern is None else _planned(schedule, schedule.pattern, present)
        if immediately and planned is not None:
            planned = present
        timestamp = to_milliseconds(present)
        fields = record_fields(schedule)
        options = encode_options(template.options)
        arguments = (
            schedule_id,
            timestamp,
            "" if planned is None else to_milliseconds(planned),
            fields.get("every", ""),
            fields.pop("offset", ""),
            "" if schedule.start is None else to_milliseconds(schedule.start.timestamp()),
            encode_text(template.name),
            template.data,
            first_run_options(options, schedule_id, schedule, planned, timestamp),
            options,
            *chain.from_iterable(fields.items()),
        )
        due, runs = await self._connection.run(self._set, [self._keys.meta], arguments)
        if due < 0:
            raise ScheduleBusy(self._keys.queue, schedule_id)
        return ScheduleRecord(
            queue=self._keys.queue,
            id=schedule_id,
            name=template.name,
            data=text(template.data),
            schedule=schedule,
            next_run=datetime.fromtimestamp(due / 1000, UTC),
            next_job_id=f"repeat:{schedule_id}:{due}",
            runs=runs,
        )

    async def ensure(
        self, schedule_id: str, schedule: Schedule, template: JobTemplate, *, now: float | None = None
    ) -> tuple[ScheduleRecord | None, bool]:
        """Sets a schedule unless it stands as it should: one that is over stays so, a broken one is mended.

        The answer is the schedule, None if its end passed before it was ever set, and whether it was set now.

        Raises:
            as `set`.
        """
        present = time.time() if now is None else now
        reply = await self._connection.run(self._read, [self._keys.meta], (schedule_id,))
        record, fields = self._record(*reply), _fields(reply[2])
        if schedule.end is not None and schedule.end.timestamp() <= present:
            return record, False
        if record is not None and _stands(fields, schedule, template):
            is_over = schedule.limit is not None and record.runs >= schedule.limit
            if record.next_run is not None or is_over:
                return record, False
        return await self.set(schedule_id, schedule, template, now=present), True

    async def get(self, schedule_id: str) -> ScheduleRecord | None:
        """A schedule, or None if there is none of that id."""
        reply = await self._connection.run(self._read, [self._keys.meta], (schedule_id,))
        return self._record(*reply)

    async def list(self, *, start: int = 0, limit: int = 100) -> list[ScheduleRecord]:
        """A page of the schedules, the one that runs next first.

        Args:
            start: how many to skip.
            limit: how many to read, at most 250.
        """
        if limit <= 0:
            return []
        arguments = (max(start, 0), min(limit, MOST_SCHEDULES_A_PAGE))
        page = await self._connection.run(self._list, [self._keys.meta], arguments)
        return [record for reply in page if (record := self._record(*reply))]

    async def count(self) -> int:
        """How many schedules there are."""
        found: int = await self._connection.execute("ZCARD", self._keys.base + "repeat")
        return found

    async def remove(self, schedule_id: str) -> bool:
        """Removes a schedule, and its next run if that waits to be started; False if there is no such one."""
        return bool(await self._connection.run(self._remove, [self._keys.meta], (schedule_id,)))

    def _record(
        self, schedule_id: bytes, due: bytes | None, flat: Sequence[bytes], goes_on: int
    ) -> ScheduleRecord | None:
        if due is None:
            return None
        identity = self._keys.queue, text(schedule_id)
        return decode_schedule_record(*identity, due, _fields(flat), goes_on=bool(goes_on))


def _fields(flat: Sequence[bytes]) -> Mapping[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def _stands(found: Mapping[bytes, bytes], schedule: Schedule, template: JobTemplate) -> bool:
    """Whether a record says the same. BullMQ notes an offset also where none was given."""
    wanted = {field.encode(): str(value).encode() for field, value in record_fields(schedule).items()}
    wanted[b"name"] = encode_text(template.name)
    jsons = {b"data": template.data, b"opts": encode_options(template.options)}
    others = {b"ic", b"offset", *jsons} - wanted.keys()
    return wanted == {field: value for field, value in found.items() if field not in others} and all(
        decode_json(found.get(field, b"{}")) == decode_json(value) for field, value in jsons.items()
    )


def _check(schedule_id: str, schedule: Schedule, now: float) -> None:
    if not 0 < len(schedule_id) <= LONGEST_JOB_ID or ":" in schedule_id:
        rule = f"1 to {LONGEST_JOB_ID} characters without ':', which separates the parts of a key"
        raise InvalidSchedule("id", schedule_id[:50], rule)
    if schedule_id.encode("utf-8", "replace").decode() != schedule_id:
        raise InvalidSchedule("id", schedule_id[:50], "contains half of a character (a lone surrogate)")
    if schedule.pattern is not None:
        check_pattern(schedule.pattern)
    if schedule.end is not None and schedule.end.timestamp() <= now:
        raise InvalidSchedule("end", schedule.end, "it has passed")


def _planned(schedule: Schedule, pattern: str, now: float) -> float:
    start = now if schedule.start is None else max(now, schedule.start.timestamp())
    planned = cron_pattern(pattern, schedule.tz).next_after(start)
    if planned is None or (schedule.end is not None and planned > schedule.end.timestamp()):
        raise InvalidSchedule("pattern", pattern, "it is never due, or not before the schedule's end")
    return planned
