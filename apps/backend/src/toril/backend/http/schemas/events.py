"""What event streams tell."""

from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel, Field, JsonValue

from toril.backend.http.schemas.jobs import ProgressView
from toril.backend.http.schemas.json_values import json_value
from toril.types import EventKind, JobEvent, JobState


class Standing(BaseModel):
    """Where a job stands as its stream begins: the event `standing`."""

    queue: str
    job_id: str
    state: JobState | None
    progress: ProgressView | None = None


class Gap(BaseModel):
    """The stream in Redis no longer holds all that came after the `Last-Event-ID`: the event `gap`."""

    after: str
    oldest: str = Field(description="Where the stream goes on.")


class EventView(BaseModel):
    """What happened, in the words of BullMQ; what an event does not tell is left out."""

    queue: str
    name: str
    at: datetime | None = None
    job_id: str | None = None
    job_name: str | None = None
    previous: JobState | None = None
    due_at: datetime | None = None
    progress: ProgressView | None = None
    result: JsonValue = None
    failed_reason: str | None = None
    attempts_made: int | None = None
    deduplication_id: str | None = None
    deduplicated_job_id: str | None = None
    cleaned: int | None = None
    fields: dict[str, str] | None = Field(default=None, description="What an event of one's own says.")

    @classmethod
    def of(cls, event: JobEvent) -> Self:
        told: dict[str, Any] = {name: getattr(event, name) for name in cls.model_fields}
        told["progress"] = ProgressView.of(event.progress)
        told["result"] = json_value(event.result)
        told["fields"] = dict(event.fields) if event.kind is EventKind.UNKNOWN else None
        # Not validated: it is told as it is.
        return cls.model_construct(**told)
