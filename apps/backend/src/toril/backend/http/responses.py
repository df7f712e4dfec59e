"""Answers as JSON."""

from collections.abc import Mapping
from urllib.parse import quote

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

JSON = "application/json"


def json_response(value: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON; it is not validated again."""
    return Response(value.model_dump_json(), status, headers, JSON)


def address_of_job(request: Request, queue: str, job_id: str) -> str:
    """The path of a job, wherever the gateway's routes are included."""
    parts = {"queue": quote(queue, safe=""), "job_id": quote(job_id, safe="")}
    path: str = request.app.url_path_for("read_job", **parts)
    root: str = request.scope.get("root_path", "")
    return root.rstrip("/") + path
