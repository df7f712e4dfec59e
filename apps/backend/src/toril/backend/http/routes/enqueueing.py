"""`POST /jobs/{queue}/{name}`: adding a job, and waiting for its result."""

from typing import Annotated

from fastapi import Path, Request, Response

from toril.backend.api_keys import Scope
from toril.backend.http.adding import AddOptions, add_job
from toril.backend.http.dependencies import Asking, Delay, ExpiresIn, Here, Priority, QueueName, Wait
from toril.backend.http.problems import problems
from toril.backend.http.requests.bodies import read_body
from toril.backend.http.requests.idempotency import IdempotencyKey
from toril.backend.http.responses import JSON, address_of_job, json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.jobs import Accepted
from toril.backend.http.waiting import result_within
from toril.jobs.raw import LONGEST_NAME

router = routes_for(Scope.ENQUEUE)

JobName = Annotated[str, Path(min_length=1, max_length=LONGEST_NAME, description="The contract's name.")]


@router.post(
    "/jobs/{queue}/{name}",
    status_code=202,
    response_model=Accepted,
    response_description="The job stands in its queue; `Location` is where.",
    responses={200: {"description": "The job's result."}} | problems(404, 408, 413, 415, 422, 424, 502),
)
async def enqueue_job(
    request: Request,
    queue: QueueName,
    name: JobName,
    gateway: Here,
    caller: Asking,
    delay: Delay = 0.0,
    priority: Priority = 0,
    expires_in: ExpiresIn = None,
    wait: Wait = 0.0,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Add a job to its queue. With `wait`, the answer is its result if that comes in time."""
    contract = gateway.contract(queue, name)
    body = await read_body(request, gateway.settings.largest_body)
    options = AddOptions(
        delay=delay, priority=priority, expires_in=expires_in, idempotency_key=idempotency_key
    )
    handle = await add_job(gateway, caller, contract, body, options)
    location = {"Location": address_of_job(request, queue, handle.job_id)}
    if wait and (result := await result_within(request, gateway, handle, wait)) is not None:
        return Response(result, headers=location, media_type=JSON)
    accepted = Accepted(queue=queue, name=name, id=handle.job_id, is_new=handle.is_new)
    return json_response(accepted, 202, location)
