"""Reading one job."""

from typing import Annotated

from fastapi import Query, Request, Response

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Asking, Here, JobId, QueueName, Start, Wait
from toril.backend.http.problems import problems
from toril.backend.http.responses import JSON, address_of_job, json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.jobs import JobView, LogPage, Pending
from toril.backend.http.waiting import result_within
from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.errors import JobNotFound

router = routes_for(Scope.READ)


@router.get("/jobs/{queue}/{job_id}", response_model=JobView, responses=problems(404))
async def read_job(queue: QueueName, job_id: JobId, gateway: Here, caller: Asking) -> Response:
    """A job as it stands: its state, payload, result, progress and times."""
    record = await gateway.queues.inspect(queue).job(job_id)
    if record is None:
        raise JobNotFound(queue, job_id)
    return json_response(JobView.of(record, with_stacktrace=Scope.ADMIN in caller.scopes))


@router.get(
    "/jobs/{queue}/{job_id}/result",
    response_description="The job's result.",
    responses={202: {"model": Pending, "description": "The job has not ended yet."}}
    | problems(404, 424, 502),
)
async def read_result(
    request: Request, queue: QueueName, job_id: JobId, gateway: Here, wait: Wait = 0.0
) -> Response:
    """What a job returned, once it has completed."""
    record = await gateway.queues.inspect(queue).job(job_id)
    if record is None:
        raise JobNotFound(queue, job_id)
    result = await result_within(request, gateway, gateway.handle(queue, record.name, job_id), wait)
    if result is None:
        pending = Pending(queue=queue, id=job_id, state=record.state)
        return json_response(pending, 202, {"Location": address_of_job(request, queue, job_id)})
    return Response(result, media_type=JSON)


@router.get("/jobs/{queue}/{job_id}/logs", response_model=LogPage, responses=problems(404))
async def read_logs(
    queue: QueueName,
    job_id: JobId,
    gateway: Here,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_LOG_LINES)] = MOST_LOG_LINES,
) -> Response:
    """What a job's handler has logged, oldest first."""
    inspector = gateway.queues.inspect(queue)
    page = await inspector.logs(job_id, start=start, limit=limit)
    if page.total == 0 and await inspector.state(job_id) is None:
        raise JobNotFound(queue, job_id)
    return json_response(LogPage(lines=page.lines, start=start, total=page.total))
