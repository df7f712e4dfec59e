"""Every problem that the gateway answers with, in one table (RFC 9457, application/problem+json)."""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.responses import Response

from toril.backend.errors import JobFailed, ServiceClosed
from toril.backend.http import errors
from toril.bull import errors as bull
from toril.jobs import InvalidData, InvalidPayload, InvalidResult
from toril.types import InvalidJobOptions, InvalidSchedule

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:toril:problem:"
RETRY_AFTER = 1
MOST_FIELDS = 20

_log = logging.getLogger("toril.gateway")


class Row(NamedTuple):
    """How an error is answered.

    `detail` stands in for the error's own words where those would tell of what is behind the gateway.
    """

    error: type[Exception]
    status: int
    name: str
    title: str
    detail: str | None = None


_AWAY = "the broker does not answer; a job of this request may have been added all the same"

TABLE: tuple[Row, ...] = (
    Row(InvalidPayload, 422, "invalid-payload", "The payload does not fit the job's contract"),
    Row(RequestValidationError, 422, "invalid-request", "A parameter of the request does not fit"),
    Row(errors.InvalidLine, 422, "invalid-line", "The line is no job"),
    Row(InvalidJobOptions, 422, "invalid-request", "A parameter of the request does not fit"),
    Row(bull.InvalidQuery, 422, "invalid-request", "A parameter of the request does not fit"),
    Row(bull.InvalidSetting, 422, "invalid-request", "A parameter of the request does not fit"),
    Row(InvalidSchedule, 422, "invalid-request", "A parameter of the request does not fit"),
    Row(errors.IdempotencyKeyReused, 422, "idempotency-key-reused", "The key stands for another payload"),
    Row(errors.Unauthorized, 401, "unauthorized", "An API key is needed"),
    Row(errors.ForeignOrigin, 403, "foreign-origin", "Web pages of that origin may not call"),
    Row(errors.Forbidden, 403, "forbidden", "The caller may not do this"),
    Row(errors.UnknownRoute, 404, "unknown-route", "Nothing is at this address"),
    Row(errors.UnknownQueue, 404, "unknown-queue", "There is no such queue"),
    Row(errors.UnknownJobName, 404, "unknown-job-name", "There is no such contract"),
    Row(bull.JobNotFound, 404, "job-not-found", "There is no such job"),
    Row(errors.ScheduleNotFound, 404, "schedule-not-found", "There is no such schedule"),
    Row(errors.MethodNotAllowed, 405, "method-not-allowed", "This cannot be done at this address"),
    Row(errors.NotAcceptable, 406, "not-acceptable", "The answer has another media type"),
    Row(errors.BodyTooSlow, 408, "request-timeout", "The request did not arrive in time"),
    Row(
        bull.JobLocked,
        409,
        "wrong-state",
        "The job does not stand where this can be done",
        "a worker holds the job, or one of its children",
    ),
    Row(bull.WrongState, 409, "wrong-state", "The job does not stand where this can be done"),
    Row(errors.BodyTooLarge, 413, "too-large", "The request is too large"),
    Row(errors.UnsupportedMediaType, 415, "unsupported-media-type", "The request has another media type"),
    Row(errors.ForeignHost, 421, "foreign-host", "The request was meant for another host"),
    Row(JobFailed, 424, "job-failed", "The job has failed for good"),
    Row(errors.TooManyRequests, 429, "too-many-requests", "This client has too much under way"),
    Row(
        InvalidResult,
        502,
        "invalid-result",
        "A worker stored a result that does not fit the contract",
        "the job has ended, and its result is not what its contract says",
    ),
    Row(errors.Overloaded, 503, "overloaded", "The gateway has too much under way"),
    Row(ServiceClosed, 503, "shutting-down", "The gateway is being stopped", "ask again in a moment"),
    Row(bull.BrokerUnavailable, 503, "broker-unavailable", "The broker is away", _AWAY),
    Row(bull.BrokerMisconfigured, 503, "broker-unavailable", "The broker is away", _AWAY),
    Row(errors.NotReady, 503, "broker-unavailable", "The broker is away"),
    Row(Exception, 500, "internal-error", "Something is wrong with the gateway", "its log says what"),
)

KNOWN = tuple(row.error for row in TABLE if row.error is not Exception)
"""Others are the business of the application around the routes."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    path: str = Field(description="The way to the field, as `passages.0.text`; empty for the whole.")
    reason: str


class Problem(BaseModel):
    """Why the gateway does not answer with what was asked for (RFC 9457)."""

    type: str = Field(description=f"`{TYPE}` and a name that stays the same.")
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] | None = Field(default=None, description="The first fields that do not fit.")
    omitted: int | None = Field(default=None, description="How many more there are.")
    queue: str | None = None
    job_id: str | None = None
    state: str | None = Field(default=None, description="Where the job stands.")
    reason: str | None = Field(default=None, description="What a failed job's last attempt said.")


def problem_of(error: Exception) -> Problem:
    """The problem that an error is told as. One that the table does not know is logged, and not told."""
    row = next(row for row in TABLE if isinstance(error, row.error))
    if row.status == 500:
        _log.error("a request failed for a reason that is not the client's", exc_info=error)
    return Problem(
        type=TYPE + row.name,
        title=row.title,
        status=row.status,
        detail=row.detail or str(error).partition("\n")[0],
    ).model_copy(update=_extensions(error))


def problem_response(error: Exception) -> Response:
    """The answer to a request that an error has ended."""
    problem = problem_of(error)
    body = problem.model_dump_json(exclude_none=True)
    return Response(body, problem.status, _headers(error, problem.status), MEDIA_TYPE)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How OpenAPI describes the problems that a route may answer with, beside those that all may."""
    return {status: described(status) for status in statuses}


def described(status: int) -> dict[str, Any]:
    """How OpenAPI describes the problems of a status."""
    titles = list(dict.fromkeys(row.title for row in TABLE if row.status == status))
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": ". ".join(titles), "content": {MEDIA_TYPE: {"schema": schema}}}


def _headers(error: Exception, status: int) -> Mapping[str, str]:
    if isinstance(error, errors.MethodNotAllowed):
        return {"Allow": error.allowed}
    if status in (429, 503):
        return {"Retry-After": str(RETRY_AFTER)}
    if status == 401:
        return {"WWW-Authenticate": "Bearer"}
    # Of a request that was not read to its end, the rest must not be taken for the next one.
    return {"Connection": "close"} if status in (408, 413, 415) else {}


def _extensions(error: Exception) -> dict[str, Any]:
    found: dict[str, Any] = {}
    match error:
        case InvalidData():
            found = {"queue": error.queue, "omitted": error.omitted or None}
            if isinstance(error, InvalidPayload):
                found["errors"] = [FieldProblem(path=path, reason=why) for path, why in error.problems]
        case RequestValidationError():
            found = _parameters(error)
        case errors.InvalidLine():
            found["errors"] = [FieldProblem(path=path, reason=why) for path, why in error.problems]
        case InvalidJobOptions():
            found["errors"] = [FieldProblem(path=error.option, reason=error.rule)]
        case bull.InvalidQuery():
            found["errors"] = [FieldProblem(path=error.parameter, reason=error.rule)]
        case bull.InvalidSetting():
            found["errors"] = [FieldProblem(path=error.setting, reason=error.rule)]
        case InvalidSchedule():
            found["errors"] = [FieldProblem(path=error.field, reason=error.rule)]
        case JobFailed():
            found = {"queue": error.queue, "job_id": error.job_id, "reason": error.reason}
        case bull.WrongState():
            found = {"queue": error.queue, "job_id": error.job_id, "state": error.state}
        case bull.JobNotFound() | bull.JobLocked() | errors.IdempotencyKeyReused():
            found = {"queue": error.queue, "job_id": error.job_id}
        case _:
            pass
    return found


def _parameters(error: RequestValidationError) -> dict[str, Any]:
    found = error.errors()
    fields = [
        FieldProblem(path=".".join(map(str, each["loc"])), reason=each["msg"]) for each in found[:MOST_FIELDS]
    ]
    return {"errors": fields, "omitted": len(found) - len(fields) or None}
