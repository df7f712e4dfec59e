"""Reading and removing schedules."""

from typing import Annotated

from fastapi import Path, Query, Response

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Here, QueueName, Start
from toril.backend.http.errors import ScheduleNotFound
from toril.backend.http.problems import problems
from toril.backend.http.responses import json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.schedules import SchedulePage, ScheduleView
from toril.bull.schedules import MOST_SCHEDULES_A_PAGE
from toril.types.job_options import LONGEST_JOB_ID

router = routes_for(Scope.READ)
admin_router = routes_for(Scope.ADMIN)

ScheduleId = Annotated[str, Path(min_length=1, max_length=LONGEST_JOB_ID, description="The schedule's id.")]


@router.get("/queues/{queue}/schedules", response_model=SchedulePage, responses=problems(404))
async def list_schedules(
    queue: QueueName,
    gateway: Here,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_SCHEDULES_A_PAGE)] = 100,
) -> Response:
    """A queue's schedules, the one that runs next first."""
    schedules = gateway.queues.schedules(queue)
    page = [ScheduleView.of(record) for record in await schedules.list(start=start, limit=limit)]
    return json_response(
        SchedulePage.model_construct(schedules=page, start=start, total=await schedules.count())
    )


@router.get("/queues/{queue}/schedules/{schedule_id}", response_model=ScheduleView, responses=problems(404))
async def read_schedule(queue: QueueName, schedule_id: ScheduleId, gateway: Here) -> Response:
    """A schedule as it stands."""
    record = await gateway.queues.schedules(queue).get(schedule_id)
    if record is None:
        raise ScheduleNotFound(queue, schedule_id)
    return json_response(ScheduleView.of(record))


@admin_router.delete("/queues/{queue}/schedules/{schedule_id}", status_code=204, responses=problems(404))
async def remove_schedule(queue: QueueName, schedule_id: ScheduleId, gateway: Here) -> None:
    """Remove a schedule, and its next run if that waits to be started."""
    if not await gateway.queues.schedules(queue).remove(schedule_id):
        raise ScheduleNotFound(queue, schedule_id)
