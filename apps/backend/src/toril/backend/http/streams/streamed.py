"""Answers that are sent while something else goes on."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Self, cast

from starlette.requests import ClientDisconnect
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from toril.backend.errors import ServiceClosed
from toril.backend.http.ending import Ending
from toril.backend.http.requests.leaving import unless_left
from toril.bull.errors import BrokerUnavailable

# A client that takes nothing for so long is cut, in seconds.
SEND_WITHIN = 30.0


class StreamedWhileRead(StreamingResponse):
    """An answer that is sent while the request is still being read; it ends if the client leaves."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Starlette's would itself read what the client sends, to notice that it leaves.
        try:
            await self.stream_response(_hurried(send))
        except (ClientDisconnect, TimeoutError):
            return


class EventStream(Response):
    """Server-sent events, until their source or the gateway ends, or the client leaves.

    A client that hears of an end comes back, and says what it has heard: so it is the same to it whether its
    job has ended, Redis has gone or the gateway is started anew.
    """

    media_type = "text/event-stream"

    def __init__(self, first: bytes, source: AsyncGenerator[bytes], ending: Ending) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._first = first
        self._source = source
        self._ending = ending

    @classmethod
    async def open(cls, source: AsyncIterator[bytes], ending: Ending) -> "Self | Response":
        """A stream that has begun; 204 if there is nothing to send, after which a client does not come back.

        Raises:
            whatever the source raises before its first event.
        """
        generator = cast("AsyncGenerator[bytes]", source)
        first = await anext(generator, None)
        return Response(status_code=204) if first is None else cls(first, generator, ending)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await unless_left(receive, self._send_all(_hurried(send)))
        except (ClientDisconnect, TimeoutError):
            return

    async def _send_all(self, send: Send) -> None:
        async with aclosing(self._source):
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            try:
                async with self._ending.within(None):
                    await send(_part(self._first))
                    async for part in self._source:
                        await send(_part(part))
            except (BrokerUnavailable, ServiceClosed):
                pass  # the status has been sent: the stream ends, and its client comes back for the rest
            except TimeoutError:
                if not self._ending.has_begun:
                    raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _part(body: bytes) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": True}


def _hurried(send: Send) -> Send:
    async def send_in_time(message: Message) -> None:
        async with asyncio.timeout(SEND_WITHIN):
            await send(message)

    return send_in_time
