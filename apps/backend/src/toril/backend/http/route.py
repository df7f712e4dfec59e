"""What all routes have in common, wherever they are included."""

from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from time import perf_counter
from typing import Any, ClassVar

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from toril.backend.api_keys import Scope as ApiScope
from toril.backend.http.dependencies import needs
from toril.backend.http.errors import NotAcceptable, Overloaded
from toril.backend.http.gateway import OCCUPIED, gateway_of
from toril.backend.http.occupancy import Work
from toril.backend.http.problems import KNOWN, MEDIA_TYPE, problem_response


class GatewayRoute(APIRoute):
    """A route that counts what is under way, and answers whatever goes wrong as a problem."""

    work: ClassVar[Work] = Work.REQUEST
    answers_with: ClassVar[str] = "application/json"

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_or_tell(request: Request) -> Response:
            try:
                self._check_accepted(request)
                return await answer(request)
            except ClientDisconnect:
                return Response(status_code=408)  # which nobody gets
            except KNOWN as error:
                return problem_response(error)

        return answer_or_tell

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; it is under way until the last byte has been sent."""
        gateway = gateway_of(HTTPConnection(scope))
        began, status = perf_counter(), 500

        async def note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            with ExitStack() as occupied:
                occupied.enter_context(gateway.occupancy.of(self.work))
                scope[OCCUPIED] = occupied
                await super().handle(scope, receive, note_status)
        except Overloaded as error:
            await problem_response(error)(scope, receive, note_status)
        finally:
            seconds = None if self.work is Work.STREAM else perf_counter() - began
            gateway.metrics.note(scope["method"], self.path_format, status, seconds)

    def _check_accepted(self, request: Request) -> None:
        wanted = request.headers.get("accept", "*/*").lower()
        kind = self.answers_with.partition("/")[0]
        fitting = ("*/*", f"{kind}/*", self.answers_with, MEDIA_TYPE)
        ranges = [each.partition(";")[0].strip() for each in wanted.split(",")]
        if not any(each in fitting for each in ranges if each) and any(ranges):
            raise NotAcceptable(self.answers_with)


class StreamRoute(GatewayRoute):
    """A route that answers with an event stream."""

    work = Work.STREAM
    answers_with = "text/event-stream"


def routes_for(scope: ApiScope | None, route: type[GatewayRoute] = GatewayRoute) -> APIRouter:
    """A router for routes of one kind.

    Args:
        scope: what callers need for them; None lets in whoever asks, without a key.
    """
    return APIRouter(
        route_class=route,
        dependencies=[] if scope is None else [Depends(needs(scope))],
        generate_unique_id_function=lambda each: each.name,
    )
