"""What routes ask for by the types of their parameters."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request
from starlette.requests import HTTPConnection

from toril.backend.api_keys import Scope
from toril.backend.http.access.caller import Caller
from toril.backend.http.errors import UnknownQueue
from toril.backend.http.gateway import Gateway, gateway_of
from toril.backend.services.queue_service import QueueService
from toril.bull.errors import JobNotFound
from toril.types.job_options import HIGHEST_PRIORITY_NUMBER, LONGEST_DELAY, LONGEST_JOB_ID, may_name_job

Here = Annotated[Gateway, Depends(gateway_of)]
"""The gateway."""


async def identified(request: Request, gateway: Here) -> Caller:
    return gateway.identify(request)


Asking = Annotated[Caller, Depends(identified)]
"""Who asks; without a key where one is needed, nobody gets so far."""


def needs(scope: Scope) -> Callable[[Caller], Coroutine[Any, Any, None]]:
    """A dependency that refuses callers without a scope."""

    async def check(caller: Asking) -> None:
        caller.require(scope)

    return check


async def known_queue(
    queue: Annotated[str, Path(min_length=1, max_length=LONGEST_JOB_ID, description="The queue's name.")],
    caller: Asking,
    gateway: Here,
) -> str:
    if queue not in gateway.queue_names:
        raise UnknownQueue(queue)
    caller.require_queue(queue)
    return queue


QueueName = Annotated[str, Depends(known_queue)]
"""A queue that there is, and that the caller may use."""


async def possible_job(
    job_id: Annotated[str, Path(min_length=1, max_length=LONGEST_JOB_ID, description="The job's id.")],
    queue: QueueName,
) -> str:
    if not may_name_job(job_id):
        raise JobNotFound(queue, job_id)
    return job_id


JobId = Annotated[str, Depends(possible_job)]
"""What may be the id of a job; other keys of the queue cannot be reached by it."""

Start = Annotated[int, Query(ge=0, le=2**31, description="How many to skip.")]
Delay = Annotated[
    float,
    Query(ge=0, le=LONGEST_DELAY, allow_inf_nan=False, description="Seconds before it may start."),
]
Priority = Annotated[
    int,
    Query(
        ge=0,
        le=HIGHEST_PRIORITY_NUMBER,
        description="0 is none, before all others; else 1 (first) and up.",
    ),
]
ExpiresIn = Annotated[
    float | None,
    Query(
        ge=0.001,
        le=LONGEST_DELAY,
        allow_inf_nan=False,
        description="Seconds after which nobody wants it any more: then it is not started, and fails.",
    ),
]
Wait = Annotated[
    float,
    Query(
        ge=0,
        allow_inf_nan=False,
        description="Seconds to wait for the result; more than the gateway allows is cut to that.",
    ),
]


async def queue_service(connection: HTTPConnection) -> QueueService:
    """The service behind the gateway, for the routes of an application: `Depends(queue_service)`.

    Raises:
        GatewayNotStarted: `job_router(…)` is not included, or the lifespan was not run.
    """
    return gateway_of(connection).queues
