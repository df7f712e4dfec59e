"""Jobs, and what is said of them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, JsonValue

from toril.backend.http.schemas.json_values import json_value
from toril.types import JobRecord, JobState, Progress


class Accepted(BaseModel):
    """A job that stands in its queue."""

    queue: str
    name: str
    id: str
    is_new: bool = Field(description="False if the job was there already, by its Idempotency-Key.")


class Pending(BaseModel):
    """A job that has not ended yet."""

    queue: str
    id: str
    state: JobState | None


class ProgressView(BaseModel):
    """How far a job is."""

    fraction: float | None = Field(default=None, description="0.0 to 1.0.")
    note: str | None = None
    value: JsonValue = Field(default=None, description="The progress as it was set: Node may set anything.")

    @classmethod
    def of(cls, progress: Progress | None) -> Self | None:
        if progress is None:
            return None
        return cls.model_construct(fraction=progress.fraction, note=progress.note, value=progress.value)


class JobView(BaseModel):
    """A job as it stands, whoever added it. Durations are seconds."""

    queue: str
    id: str
    name: str
    state: JobState | None
    data: JsonValue = Field(description="What it works on; a text where that is no JSON.")
    result: JsonValue = Field(description="What it returned, once it has completed.")
    progress: ProgressView | None
    failed_reason: str | None
    stacktrace: Annotated[
        tuple[str, ...], Field(description="One for each failed attempt; shown to those who may `admin`.")
    ]
    enqueued_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    delay: float
    expires_in: float | None
    priority: int
    attempts: int
    attempts_made: int
    attempts_started: int
    stalled_count: int
    processed_by: str | None
    parent_key: str | None
    deduplication_key: str | None
    contract_version: int | None

    @classmethod
    def of(cls, record: JobRecord, *, with_stacktrace: bool) -> Self:
        shown: dict[str, Any] = {name: getattr(record, name) for name in cls.model_fields}
        shown["data"] = json_value(record.data)
        shown["result"] = json_value(record.result)
        shown["progress"] = ProgressView.of(record.progress)
        shown["stacktrace"] = record.stacktrace if with_stacktrace else ()
        # Not validated: what is in Redis is shown as it is.
        return cls.model_construct(**shown)


class LogPage(BaseModel):
    """Lines of a job's log, and how many it has in all."""

    lines: list[str]
    start: int
    total: int


class JobPage(BaseModel):
    """Some of a queue's jobs."""

    jobs: list[JobView]
    start: int
