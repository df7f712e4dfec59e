"""Steering one job."""

from typing import Annotated

from fastapi import Query

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Here, JobId, QueueName
from toril.backend.http.problems import problems
from toril.backend.http.route import routes_for

router = routes_for(Scope.ADMIN)


@router.delete("/jobs/{queue}/{job_id}", status_code=204, responses=problems(404, 409))
async def cancel_job(queue: QueueName, job_id: JobId, gateway: Here) -> None:
    """Cancel a job that waits to be started: it is removed."""
    await gateway.queues.admin(queue).cancel(job_id)


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
