"""The gateway as an application of its own."""

from collections.abc import Collection, Iterable
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from toril.backend.api_keys import ApiKeys, Scope
from toril.backend.http.access.browsers import BrowserGuard
from toril.backend.http.dependencies import Asking
from toril.backend.http.gateway import Gateway
from toril.backend.http.problems import from_http_exception, problem_response
from toril.backend.http.route import routes_for
from toril.backend.http.router import router_of
from toril.backend.http.routes import ROUTERS, health
from toril.backend.http.settings import GatewaySettings
from toril.backend.services.queue_service import QueueService
from toril.jobs import Contract


def create_app(
    service: QueueService,
    contracts: Iterable[Contract[Any, Any]],
    *,
    keys: ApiKeys | None = None,
    hosts: Collection[str] | None = None,
    settings: GatewaySettings | None = None,
) -> FastAPI:
    """The gateway: all its routes, its OpenAPI document at /openapi.json, and a guard against browsers.

    Args:
        service: adds and reads the jobs; it is entered as the application starts.
        contracts: what can be added. Queues of others cannot be reached.
        keys: one of which every caller needs; without any, whoever reaches the gateway may do everything.
        hosts: by which names callers may know it; None is any. See `LOOPBACK_NAMES`.
        settings: bounds, and whose web pages may call.
    """
    chosen = settings or GatewaySettings()
    gateway = Gateway(service, contracts, keys=keys or ApiKeys(), scopes=tuple(Scope), settings=chosen)
    app = FastAPI(
        title="Toril gateway",
        version=version("toril-backend"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        exception_handlers={
            HTTPException: _tell,
            RequestValidationError: _tell,
            Exception: _tell,
        },
    )
    routers = [*(each for scope in ROUTERS for each in ROUTERS[scope]), health.metrics_router, health.router]
    app.include_router(router_of(gateway, routers))
    document = routes_for(None)

    @document.get("/openapi.json", include_in_schema=False)
    async def read_document(caller: Asking) -> Response:
        return JSONResponse(app.openapi())

    app.include_router(document)
    if chosen.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=chosen.cors_origins,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID"],
            expose_headers=["Location", "Retry-After"],
        )
    app.add_middleware(BrowserGuard, hosts=hosts, origins=chosen.cors_origins)
    app.state.gateway = gateway
    return app


async def _tell(_request: Request, error: Exception) -> Response:
    return problem_response(from_http_exception(error) if isinstance(error, HTTPException) else error)
