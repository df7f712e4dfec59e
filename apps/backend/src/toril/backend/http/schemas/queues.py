"""Queues, and what was done to them."""

from pydantic import BaseModel, Field

from toril.types import JobState


class RateLimitView(BaseModel):
    """How many jobs may start in how many seconds."""

    jobs: int
    duration: float


class QueueView(BaseModel):
    """A queue as it stands."""

    name: str
    paused: bool
    counts: dict[JobState, int] = Field(description="How many jobs are in each state.")


class QueueDetails(QueueView):
    """A queue as it stands, with its limits and its ages."""

    oldest: dict[JobState, float] = Field(
        description="For how many seconds the oldest job of a state has stood there."
    )
    concurrency: int | None = Field(description="How many jobs may run at once, over all workers.")
    rate_limit: RateLimitView | None
    schedules: int = Field(description="How many schedules it has.")
    job_names: list[str] = Field(description="The contracts that are for it.")


class Retried(BaseModel):
    """How many jobs are to run again."""

    retried: int


class Cleaned(BaseModel):
    """The jobs that were removed."""

    removed: list[str]
