"""The gateway's routes, by what a caller must be allowed to do."""

from fastapi import APIRouter

from toril.backend.api_keys import Scope
from toril.backend.http.routes import (
    batch,
    cancelling,
    enqueueing,
    events,
    jobs,
    queues,
    schedules,
    steering,
)

ROUTERS: dict[Scope, tuple[APIRouter, ...]] = {
    Scope.ADMIN: (cancelling.router, steering.router, schedules.admin_router),
    Scope.READ: (events.router, jobs.router, queues.router, schedules.router),
    # Last, as any path below a queue may be a job's name.
    Scope.ENQUEUE: (batch.router, enqueueing.router),
}
