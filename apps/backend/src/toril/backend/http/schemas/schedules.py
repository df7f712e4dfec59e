"""Schedules as they stand."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field, JsonValue

from toril.backend.http.schemas.json_values import json_value
from toril.types import ScheduleRecord


class ScheduleView(BaseModel):
    """When jobs of one kind run again and again."""

    queue: str
    id: str
    name: str = Field(description="The name of its jobs.")
    data: JsonValue
    pattern: str | None = Field(description="A cron pattern; else there is an interval.")
    tz: str | None
    interval: float | None = Field(description="Seconds from one run to the next.")
    offset: float | None
    start: datetime | None
    end: datetime | None
    limit: int | None
    next_run: datetime | None
    next_job_id: str | None
    runs: int

    @classmethod
    def of(cls, record: ScheduleRecord) -> Self:
        schedule = record.schedule
        parts = ("pattern", "tz", "interval", "offset", "start", "end", "limit")
        return cls.model_construct(
            queue=record.queue,
            id=record.id,
            name=record.name,
            data=json_value(record.data),
            next_run=record.next_run,
            next_job_id=record.next_job_id,
            runs=record.runs,
            **{part: getattr(schedule, part, None) for part in parts},
        )


class SchedulePage(BaseModel):
    """Some of a queue's schedules, the one that runs next first, and how many there are."""

    schedules: list[ScheduleView]
    start: int
    total: int
