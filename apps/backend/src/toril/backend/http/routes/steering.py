"""Steering a queue."""

from typing import Annotated

from fastapi import Query, Response

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Here, QueueName
from toril.backend.http.problems import problems
from toril.backend.http.responses import json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.queues import Cleaned, Retried
from toril.bull.admin import Finished
from toril.types import JobState
from toril.types.job_options import LONGEST_DELAY

router = routes_for(Scope.ADMIN)

MOST_CLEANED = 10_000


@router.post("/queues/{queue}/pause", status_code=204, responses=problems(404))
async def pause_queue(queue: QueueName, gateway: Here) -> None:
    """Let no worker take jobs until the queue is resumed. Those that run end as usual."""
    await gateway.queues.admin(queue).pause()


@router.post("/queues/{queue}/resume", status_code=204, responses=problems(404))
async def resume_queue(queue: QueueName, gateway: Here) -> None:
    """End a pause."""
    await gateway.queues.admin(queue).resume()


@router.post("/queues/{queue}/retry", response_model=Retried, responses=problems(404))
async def retry_jobs(
    queue: QueueName,
    gateway: Here,
    state: Annotated[Finished, Query(description="Of which state.")] = JobState.FAILED,
) -> Response:
    """Let all jobs run again that have failed, or completed."""
    return json_response(Retried(retried=await gateway.queues.admin(queue).retry_all(state)))


@router.post("/queues/{queue}/clean", response_model=Cleaned, responses=problems(404))
async def clean_queue(
    queue: QueueName,
    gateway: Here,
    state: Annotated[JobState, Query(description="Of which state.")] = JobState.COMPLETED,
    older_than: Annotated[
        float,
        Query(ge=0, le=LONGEST_DELAY, allow_inf_nan=False, description="Younger ones stay; in seconds."),
    ] = 0.0,
    limit: Annotated[int, Query(ge=1, le=MOST_CLEANED, description="At most so many.")] = 1_000,
) -> Response:
    """Remove the jobs in one state that are older: of the active ones those that no worker holds."""
    admin = gateway.queues.admin(queue)
    return json_response(Cleaned(removed=await admin.clean(state, grace=older_than, limit=limit)))
