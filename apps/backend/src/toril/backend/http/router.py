"""The gateway's routes for an application of one's own."""

from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from toril.backend.api_keys import ApiKeys, Scope
from toril.backend.http.gateway import STATE, Gateway
from toril.backend.http.openapi import describe
from toril.backend.http.routes import ROUTERS
from toril.backend.http.settings import GatewaySettings
from toril.backend.services.queue_service import QueueService
from toril.jobs import Contract


def job_router(
    service: QueueService,
    contracts: Iterable[Contract[Any, Any]],
    *,
    scopes: Collection[Scope | str] = tuple(Scope),
    keys: ApiKeys | None = None,
    settings: GatewaySettings | None = None,
) -> APIRouter:
    """The gateway's routes, to be included in an application: `app.include_router(job_router(…))`.

    As the application starts, the service is entered, unless it has been already; then it is left at the end.
    Whoever may call the application may call these routes: give `keys`, or include the router with
    dependencies of your own.

    Args:
        service: adds and reads the jobs; routes of the application get it by `Depends(queue_service)`.
        contracts: `Catalog.load("app.contracts")`, or any contracts. Queues of others cannot be reached.
        scopes: what callers may do: only the routes for that are there.
        keys: the API keys, one of which every caller needs then.
        settings: bounds.

    Raises:
        ValueError: there is no such scope.
        DuplicateContract: two contracts have one name in one queue.
    """
    gateway = Gateway(
        service,
        contracts,
        keys=keys or ApiKeys(),
        scopes=[Scope(each) for each in scopes],
        settings=settings or GatewaySettings(),
    )
    return router_of(gateway, [each for scope in ROUTERS if scope in scopes for each in ROUTERS[scope]])


def router_of(gateway: Gateway, routers: Iterable[APIRouter]) -> APIRouter:
    """These routes, with the gateway that they work with."""
    included = tuple(routers)
    names = [route.name for each in included for route in each.routes if isinstance(route, APIRoute)]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[dict[str, Gateway]]:
        describe(app, gateway, names)
        async with AsyncExitStack() as stack:
            if not gateway.queues.is_open:
                await stack.enter_async_context(gateway.queues)
            stack.callback(gateway.ending.begin)
            yield {STATE: gateway}

    router = APIRouter(lifespan=lifespan)
    for each in included:
        router.include_router(each)
    return router
