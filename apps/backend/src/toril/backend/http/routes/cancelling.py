"""Steering one job."""

from typing import Annotated

from fastapi import Query, Response

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Here, JobId, QueueName
from toril.backend.http.problems import problems
from toril.backend.http.responses import json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.jobs import Pending
from toril.bull.admin import Cancellation
from toril.types import JobState

router = routes_for(Scope.ADMIN)


@router.delete(
    "/jobs/{queue}/{job_id}",
    status_code=204,
    response_description="It waited to be started, and is removed.",
    responses={202: {"model": Pending, "description": "It runs; its worker has been told to stop it."}}
    | problems(404, 409),
)
async def cancel_job(queue: QueueName, job_id: JobId, gateway: Here) -> Response:
    """Cancel a job: remove one that waits, have one that runs stopped; that fails once it has cleaned up."""
    if await gateway.queues.admin(queue).cancel(job_id) is Cancellation.REMOVED:
        return Response(status_code=204)
    return json_response(Pending(queue=queue, id=job_id, state=JobState.ACTIVE), 202)


@router.post("/jobs/{queue}/{job_id}/retry", status_code=204, responses=problems(404, 409))
async def retry_job(
    queue: QueueName,
    job_id: JobId,
    gateway: Here,
    reset_attempts: Annotated[
        bool, Query(description="With all its attempts; else one that used them up ends at its next failure.")
    ] = False,
) -> None:
    """Let a job run again that has failed or completed."""
    await gateway.queues.admin(queue).retry(job_id, reset_attempts_made=reset_attempts)
