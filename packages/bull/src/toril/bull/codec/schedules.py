"""Schedules: BullMQ's job schedulers (bullmq-protocol §6.2)."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from toril.bull.codec.json_values import JsonObject, decode_json, natural
from toril.bull.codec.values import count, from_milliseconds, moment, number, text, to_milliseconds
from toril.types import InvalidSchedule, Schedule, ScheduleRecord


class Repeat(NamedTuple):
    """What a run's options say of the schedule that it belongs to. Times are epoch seconds.

    Attributes:
        number: which run it is, from 1 on; 0 where it does not say.
        planned: when it was to run; 0 where it does not say.
    """

    pattern: str | None
    zone: str | None
    start: float | None
    end: float | None
    limit: int | None
    number: int
    planned: float


def record_fields(schedule: Schedule) -> dict[str, str | int]:
    """The fields of a schedule's record, without what belongs to its jobs; none that it leaves open."""
    fields = {
        "pattern": schedule.pattern,
        "tz": schedule.tz,
        "every": None if schedule.interval is None else to_milliseconds(schedule.interval),
        "offset": _encode_offset(schedule),
        "limit": schedule.limit,
        "startDate": None if schedule.start is None else to_milliseconds(schedule.start.timestamp()),
        "endDate": None if schedule.end is None else to_milliseconds(schedule.end.timestamp()),
    }
    return {field: value for field, value in fields.items() if value is not None}


def first_run_options(
    template: bytes, schedule_id: str, schedule: Schedule, planned: float | None, now: int
) -> bytes:
    """The options of a schedule's first run, but for its id and its delay.

    Args:
        template: those of the template.
        planned: the time that a cron pattern gives it.
        now: in milliseconds.
    """
    options: JsonObject = json.loads(template)
    return _run_options(options, {**record_fields(schedule), "count": 1}, schedule_id, planned, now)


def next_run_options(run: bytes, schedule_id: str, planned: float | None, now: int) -> bytes:
    """The options of the run that comes after the one whose options are given; as `first_run_options`."""
    options = _object(decode_json(run))
    repeat = _object(options.get("repeat"))
    steady = repeat.get("every") and repeat.get("offset")
    following = {key: value for key, value in repeat.items() if key != "offset" or steady}
    following["count"] = (natural(repeat.get("count")) or 0) + 1
    return _run_options(options, following, schedule_id, planned, now)


def decode_repeat(run: bytes | None) -> Repeat:
    """What the options of a run say of its schedule; what cannot be read counts as not given."""
    options = _object(decode_json(run))
    repeat = _object(options.get("repeat"))
    pattern, zone = repeat.get("pattern"), repeat.get("tz")
    return Repeat(
        pattern=pattern if isinstance(pattern, str) else None,
        zone=zone if isinstance(zone, str) else None,
        start=_seconds(repeat.get("startDate")),
        end=_seconds(repeat.get("endDate")),
        limit=natural(repeat.get("limit")),
        number=natural(repeat.get("count")) or 0,
        planned=_seconds(options.get("prevMillis")) or 0.0,
    )


def decode_schedule_record(
    queue: str, schedule_id: str, due: bytes, fields: Mapping[bytes, bytes], *, goes_on: bool
) -> ScheduleRecord:
    """A schedule's record. A field that is missing or cannot be read gets its default.

    Args:
        goes_on: whether the run that is due then is to come, or under way.
    """
    milliseconds = count(due)
    return ScheduleRecord(
        queue=queue,
        id=schedule_id,
        name=text(fields.get(b"name")),
        data=text(fields.get(b"data", b"{}")),
        schedule=_decode_schedule(fields),
        next_run=moment(due) if goes_on else None,
        next_job_id=f"repeat:{schedule_id}:{milliseconds}" if goes_on else None,
        runs=count(fields.get(b"ic")),
    )


def _decode_schedule(fields: Mapping[bytes, bytes]) -> Schedule | None:
    interval = from_milliseconds(number(fields.get(b"every"))) or None
    offset = from_milliseconds(number(fields.get(b"offset")))
    try:
        return Schedule(
            pattern=text(fields[b"pattern"]) if b"pattern" in fields else None,
            tz=text(fields[b"tz"]) if b"tz" in fields else None,
            interval=interval,
            # BullMQ notes one for every schedule; nothing beyond a multiple is a whole interval beyond it.
            offset=offset % interval if interval else None,
            start=moment(fields.get(b"startDate")),
            end=moment(fields.get(b"endDate")),
            limit=count(fields.get(b"limit")) or None,
        )
    except InvalidSchedule:
        return None


def _encode_offset(schedule: Schedule) -> int | None:
    """In milliseconds. BullMQ takes 0 for none given; a whole interval comes to the same."""
    if schedule.offset is None or schedule.interval is None:
        return None
    return to_milliseconds(schedule.offset) or to_milliseconds(schedule.interval)


def _run_options(
    options: JsonObject, repeat: JsonObject, schedule_id: str, planned: float | None, now: int
) -> bytes:
    left_out = ("delay", "jobId", "prevMillis")
    kept = {option: value for option, value in options.items() if option not in left_out}
    kept |= {"repeat": repeat, "repeatJobKey": schedule_id, "timestamp": now}
    if planned is not None:
        kept["prevMillis"] = to_milliseconds(planned)
    return json.dumps(kept, separators=(",", ":")).encode()


def _object(value: Any) -> JsonObject:
    return cast(JsonObject, value) if isinstance(value, dict) else {}


def _seconds(milliseconds: object) -> float | None:
    found = natural(milliseconds)
    return None if found is None else from_milliseconds(found)
