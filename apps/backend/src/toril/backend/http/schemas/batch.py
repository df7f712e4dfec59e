"""The lines of a batch, and what became of each."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from toril.backend.http.problems import Problem
from toril.backend.http.requests.idempotency import LONGEST_KEY
from toril.types.job_options import HIGHEST_PRIORITY_NUMBER, LONGEST_DELAY


class BatchLine(BaseModel):
    """One job to add."""

    model_config = ConfigDict(extra="forbid")

    queue: str
    name: str
    data: JsonValue
    delay: Annotated[float, Field(ge=0, le=LONGEST_DELAY, allow_inf_nan=False)] = 0.0
    priority: Annotated[int, Field(ge=0, le=HIGHEST_PRIORITY_NUMBER)] = 0
    expires_in: Annotated[float | None, Field(ge=0.001, le=LONGEST_DELAY, allow_inf_nan=False)] = None
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=LONGEST_KEY)] = None


class BatchResult(BaseModel):
    """What became of a line: the job that stands in its queue, or the problem."""

    line: int = Field(description="Its number, from 1; empty lines count too.")
    status: int = Field(description="202, or that of the problem.")
    queue: str | None = None
    name: str | None = None
    id: str | None = None
    is_new: bool | None = None
    problem: Problem | None = None
