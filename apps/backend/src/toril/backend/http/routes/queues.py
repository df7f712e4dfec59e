"""Reading queues."""

from typing import Annotated

from fastapi import Query, Response
from pydantic import TypeAdapter

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Asking, Here, QueueName, Start
from toril.backend.http.problems import problems
from toril.backend.http.responses import JSON, json_response
from toril.backend.http.route import routes_for
from toril.backend.http.schemas.jobs import JobPage, JobView
from toril.backend.http.schemas.queues import QueueDetails, QueueView, RateLimitView
from toril.types import JobState

router = routes_for(Scope.READ)

MOST_JOBS_A_PAGE = 100
_views = TypeAdapter(list[QueueView])


@router.get("/queues", response_model=list[QueueView])
async def list_queues(gateway: Here, caller: Asking) -> Response:
    """The queues that the contracts are for, and how many jobs they have."""
    found: list[QueueView] = []
    for name in filter(caller.may_use, gateway.queue_names):
        counts = await gateway.queues.inspect(name).counts()
        found.append(QueueView(name=name, paused=counts.paused, counts=dict(counts.by_state)))
    return Response(_views.dump_json(found), media_type=JSON)


@router.get("/queues/{queue}", response_model=QueueDetails, responses=problems(404))
async def read_queue(queue: QueueName, gateway: Here) -> Response:
    """A queue as it stands: its counts, ages and limits."""
    inspector = gateway.queues.inspect(queue)
    counts, oldest, meta = await inspector.counts(), await inspector.oldest(), await inspector.meta()
    limit = meta.rate_limit
    return json_response(
        QueueDetails(
            name=queue,
            paused=counts.paused,
            counts=dict(counts.by_state),
            oldest=dict(oldest),
            concurrency=meta.concurrency,
            rate_limit=None if limit is None else RateLimitView(jobs=limit.jobs, duration=limit.duration),
            schedules=await gateway.queues.schedules(queue).count(),
            job_names=gateway.job_names(queue),
        )
    )


@router.get("/queues/{queue}/jobs", response_model=JobPage, responses=problems(404))
async def list_jobs(
    queue: QueueName,
    gateway: Here,
    caller: Asking,
    state: Annotated[JobState, Query(description="Of which state.")] = JobState.WAITING,
    start: Start = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_JOBS_A_PAGE)] = 20,
    newest_first: Annotated[bool, Query(description="Those first that came, or ended, last.")] = False,
) -> Response:
    """Some of a queue's jobs, in the order in which they came; finished ones in which they ended."""
    page = await gateway.queues.inspect(queue).jobs(
        state, start=start, limit=limit, newest_first=newest_first
    )
    is_admin = Scope.ADMIN in caller.scopes
    jobs = [JobView.of(record, with_stacktrace=is_admin) for record in page]
    return json_response(JobPage.model_construct(jobs=jobs, start=start))
