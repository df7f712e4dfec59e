"""What those ask who keep the gateway running. The first two need no key, and tell nothing else."""

from typing import Literal

from fastapi import Response
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from pydantic import BaseModel

from toril.backend.api_keys import Scope
from toril.backend.http.dependencies import Asking, Here
from toril.backend.http.problems import problems
from toril.backend.http.route import GatewayRoute, routes_for


class Health(BaseModel):
    """That it lives, or is ready."""

    status: Literal["ok"] = "ok"


class TextRoute(GatewayRoute):
    """A route that answers with text."""

    answers_with = "text/plain"


router = routes_for(None)
metrics_router = routes_for(Scope.READ, TextRoute)


@router.get("/healthz")
async def is_alive() -> Health:
    """Whether the gateway lives."""
    return Health()


@router.get("/readyz", responses=problems(503))
async def is_ready(gateway: Here) -> Health:
    """Whether it serves: it is not being stopped, and Redis answers."""
    await gateway.check_ready()
    return Health()


@metrics_router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def read_metrics(gateway: Here, caller: Asking) -> Response:
    """Requests, streams and jobs, for Prometheus."""
    names = filter(caller.may_use, gateway.queue_names)
    return Response(await gateway.metrics.page(gateway.queues, names), media_type=CONTENT_TYPE_PLAIN_0_0_4)
