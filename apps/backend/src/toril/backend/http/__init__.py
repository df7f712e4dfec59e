"""The gateway: what is behind `toril backend`, and its routes for an application of one's own.

It needs the extra `http`: `toril-backend[http]`.
"""

from toril.backend.api_keys import ApiKey, ApiKeys, Scope, new_key
from toril.backend.http.app import create_app
from toril.backend.http.dependencies import queue_service
from toril.backend.http.errors import GatewayError, GatewayNotStarted
from toril.backend.http.problems import Problem
from toril.backend.http.router import job_router
from toril.backend.http.settings import GatewaySettings

__all__ = [
    "ApiKey",
    "ApiKeys",
    "GatewayError",
    "GatewayNotStarted",
    "GatewaySettings",
    "Problem",
    "Scope",
    "create_app",
    "job_router",
    "new_key",
    "queue_service",
]
