"""Server-sent events: of a whole queue, and of one job until it ends."""

from typing import Annotated, Any

from fastapi import Header, Response

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Here, JobId, QueueName
from toril.backend.http.problems import problems
from toril.backend.http.route import StreamRoute, routes_for
from toril.backend.http.streams.sources import job_events, queue_events
from toril.backend.http.streams.streamed import EventStream

router = routes_for(Scope.READ, StreamRoute)

LastEventId = Annotated[
    str | None,
    Header(
        pattern=r"^[0-9]{1,19}(-[0-9]{1,19})?$",
        description="The id of the last event that was heard: go on after it. 0 is all that there still is.",
    ),
]
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events, with a sign of life now and then.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get(
    "/jobs/{queue}/{job_id}/events",
    response_class=Response,
    responses=_STREAM
    | {204: {"description": "The job has ended, and its last event has been heard: do not come back."}}
    | problems(404),
)
async def follow_job(
    queue: QueueName, job_id: JobId, gateway: Here, last_event_id: LastEventId = None
) -> Response:
    """Where a job stands (`standing`), then each of its events until it ends, as server-sent events."""
    return await EventStream.open(job_events(gateway, queue, job_id, last_event_id), gateway.ending)


@router.get("/queues/{queue}/events", response_class=Response, responses=_STREAM | problems(404))
async def follow_queue(queue: QueueName, gateway: Here, last_event_id: LastEventId = None) -> Response:
    """All that happens in a queue, as server-sent events."""
    return await EventStream.open(queue_events(gateway, queue, last_event_id), gateway.ending)
