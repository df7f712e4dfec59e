"""The gateway as an application of its own."""

import re
from collections.abc import Collection, Iterable, Mapping
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
from toril.backend.http.errors import MethodNotAllowed, UnknownRoute
from toril.backend.http.gateway import Gateway
from toril.backend.http.problems import problem_response
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
        redirect_slashes=False,
    )
    document = routes_for(None)

    @document.get("/openapi.json", include_in_schema=False)
    async def read_document(caller: Asking) -> Response:
        return JSONResponse(app.openapi())

    routers = [each for scope in ROUTERS for each in ROUTERS[scope]]
    app.include_router(router_of(gateway, [*routers, health.metrics_router, health.router, document]))
    _answer_with_problems(app)
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


def _answer_with_problems(app: FastAPI) -> None:
    """Has what goes wrong outside of the routes be told as it is inside."""

    async def tell(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.status_code == 404:
            return problem_response(UnknownRoute())
        if isinstance(error, HTTPException) and error.status_code == 405:
            return problem_response(
                MethodNotAllowed(", ".join(sorted(_methods(app.openapi()["paths"], request.url.path))))
            )
        return problem_response(error)

    for kind in (HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, tell)


def _methods(paths: Mapping[str, Mapping[str, object]], path: str) -> set[str]:
    """What an address takes, as the document says."""
    if path not in paths:
        path = next((each for each in paths if _template(each).fullmatch(path)), path)
    return {method.upper() for method in paths.get(path, ())}


def _template(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)))
