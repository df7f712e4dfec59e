"""HTTP/1.1 as uvicorn speaks it, with a bound for what comes before a body."""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
HEAD_WITHIN = 30.0


class BoundedProtocol(HttpToolsProtocol):
    """Closes a connection whose request line and headers are too large, or do not come in time.

    Bodies are bounded where they are read.
    """

    _head = 0
    _awaits_head = True
    _has_ended_one = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._begin_to_wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_to_wait()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._has_ended_one = False
        super().data_received(data)
        if not self._awaits_head or self._has_ended_one:
            return
        self._head += len(data)
        if self._head > LARGEST_HEAD:
            self.transport.close()
        elif self._deadline is None:
            self._begin_to_wait()

    def on_headers_complete(self) -> None:
        self._awaits_head = False
        self._end_to_wait()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._awaits_head, self._has_ended_one, self._head = True, True, 0

    def _begin_to_wait(self) -> None:
        self._deadline = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _end_to_wait(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
