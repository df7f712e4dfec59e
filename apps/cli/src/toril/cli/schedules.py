"""Schedules, as the commands find and show them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

from toril.bull.inspect import QueueInspector
from toril.bull.keys import QueueKeys
from toril.bull.schedules import QueueSchedules
from toril.cli.brokers import reading
from toril.cli.errors import QueueNotFound
from toril.cli.records import read_json
from toril.types import Schedule, ScheduleRecord

ScheduleId = Annotated[str, typer.Argument(metavar="ID", help="The schedule's id.")]


@asynccontextmanager
async def schedules_of(url: str | None, keys: QueueKeys) -> AsyncGenerator[QueueSchedules]:
    """The schedules of a queue that somebody has used; starts no broker.

    Raises:
        QueueNotFound: nobody has: most likely the name is wrong.
        NoBroker, BrokerUnavailable: as `reading`.
    """
    async with reading(url) as connection:
        if not await QueueInspector(connection, keys).exists():
            raise QueueNotFound(keys.queue, keys.prefix)
        yield QueueSchedules(connection, keys)


def schedule_as_json(record: ScheduleRecord) -> dict[str, Any]:
    """Everything of a schedule; `data` as a JSON value, or as text where it is no JSON."""
    values = {name: _plain(value) for name, value in asdict(record).items() if name != "schedule"}
    schedule = None if record.schedule is None else asdict(record.schedule)
    plain = schedule and {name: _plain(value) for name, value in schedule.items()}
    return values | {"schedule": plain, "data": read_json(record.data)}


def in_words(schedule: Schedule | None) -> str:
    """When it runs, in a few words."""
    if schedule is None:
        return "(only Node can read it)"
    if schedule.interval is not None:
        return f"every {schedule.interval:g} s"
    return f"{schedule.pattern} {schedule.tz or '(local time)'}"


def next_run_in_words(record: ScheduleRecord | None) -> str:
    """When it runs next."""
    if record is None or record.next_run is None:
        return "never again"
    return record.next_run.isoformat(sep=" ", timespec="seconds")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
