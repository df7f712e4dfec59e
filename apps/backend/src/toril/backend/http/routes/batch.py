"""`POST /jobs:batch`: adding many jobs, as NDJSON that is streamed both ways."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from itertools import islice
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError
from pydantic_core import to_json

from toril.backend.api_keys import Scope
from toril.backend.http.access.caller import Caller
from toril.backend.http.adding import AddOptions, add_job
from toril.backend.http.dependencies import Asking, Here
from toril.backend.http.errors import BodyTooLarge, BodyTooSlow, InvalidLine
from toril.backend.http.gateway import Gateway
from toril.backend.http.problems import problem_of, problems
from toril.backend.http.requests.bodies import parts_of, require_media_type
from toril.backend.http.requests.lines import Line, LineReader
from toril.backend.http.route import GatewayRoute, routes_for
from toril.backend.http.schemas.batch import BatchLine, BatchResult
from toril.backend.http.streams.streamed import StreamedWhileRead
from toril.jobs.problems import describe

NDJSON = "application/x-ndjson"
MOST_LINES_AT_ONCE = 250


def _lines_of(component: str) -> dict[str, Any]:
    """How OpenAPI describes lines of JSON: only 3.2 knows a word for what each line is."""
    item = {"$ref": f"#/components/schemas/{component}"}
    return {NDJSON: {"schema": {}, "x-itemSchema": item}}


_RESULTS: dict[int | str, dict[str, Any]] = {200: {"content": _lines_of("BatchResult")}}


class BatchRoute(GatewayRoute):
    """A route that answers with NDJSON."""

    answers_with = NDJSON


router = routes_for(Scope.ENQUEUE, BatchRoute)


@router.post(
    "/jobs:batch",
    response_class=Response,
    response_description="A line for each line, in order, as soon as its job stands in its queue.",
    responses=_RESULTS | problems(415),
    openapi_extra={"requestBody": {"required": True, "content": _lines_of("BatchLine")}},
)
async def enqueue_batch(request: Request, gateway: Here, caller: Asking) -> Response:
    """Add many jobs, one a line. A line that cannot be added does not stop the others.

    The batch may be of any length: lines are added as they come, and no more than a part is held in memory.
    """
    await require_media_type(request, NDJSON, "application/jsonl")
    return StreamedWhileRead(_results(request, gateway, caller), media_type=NDJSON)


async def _results(request: Request, gateway: Gateway, caller: Caller) -> AsyncIterator[bytes]:
    reader = LineReader(gateway.settings.largest_line)
    try:
        async for part in parts_of(request):
            lines = reader.feed(part)
            while some := list(islice(lines, MOST_LINES_AT_ONCE)):
                yield await _add(some, gateway, caller)
    except BodyTooSlow as error:
        yield _told([_refused(reader.number + 1, error)])
        return
    if last := list(reader.end()):
        yield await _add(last, gateway, caller)


async def _add(lines: list[Line], gateway: Gateway, caller: Caller) -> bytes:
    """What became of some lines, which share round trips."""
    results = await asyncio.gather(
        *(_result(line, gateway, caller) for line in lines if line.text is None or line.text.strip())
    )
    return _told(results)


async def _result(line: Line, gateway: Gateway, caller: Caller) -> BatchResult:
    try:
        return await _add_line(line, gateway, caller)
    except Exception as error:  # noqa: BLE001 - told in the line's place; the others go on
        return _refused(line.number, error)


async def _add_line(line: Line, gateway: Gateway, caller: Caller) -> BatchResult:
    if line.text is None:
        raise BodyTooLarge("the line", gateway.settings.largest_line)
    try:
        wanted = BatchLine.model_validate_json(line.text)
    except ValidationError as error:
        raise InvalidLine(describe(error)[0]) from None
    contract = gateway.contract(wanted.queue, wanted.name)
    caller.require_queue(wanted.queue)
    options = AddOptions(
        delay=wanted.delay,
        priority=wanted.priority,
        expires_in=wanted.expires_in,
        idempotency_key=wanted.idempotency_key,
    )
    handle = await add_job(gateway, caller, contract, to_json(wanted.data), options)
    return BatchResult(
        line=line.number,
        status=202,
        queue=wanted.queue,
        name=wanted.name,
        id=handle.job_id,
        is_new=handle.is_new,
    )


def _refused(number: int, error: Exception) -> BatchResult:
    problem = problem_of(error)
    return BatchResult(line=number, status=problem.status, problem=problem)


def _told(results: Iterable[BatchResult]) -> bytes:
    return b"".join(each.model_dump_json(exclude_none=True).encode() + b"\n" for each in results)
