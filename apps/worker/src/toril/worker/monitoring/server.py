"""The HTTP server that tells how workers are doing, in threads that no handler holds up."""

import socket
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Self

from toril.worker import log
from toril.worker.errors import HealthServerFailed
from toril.worker.monitoring.answers import Answer, HealthSource, WorkersHealth
from toril.worker.monitoring.exposition import Watched

LOOPBACK = "127.0.0.1"
MOST_REQUESTS = 8
REQUEST_WITHIN = 5.0


class HealthServer:
    """Answers GET /healthz, /readyz and /metrics, also while the event loop is held up. Enter it to start:

        with HealthServer.of_workers([worker], port=9090):
            await worker.run()

    It asks for no key, so it listens to this machine alone unless it is given another host. At most eight
    requests are answered at once, each within five seconds.

    Args:
        source: who knows.
        host: the address to listen on.
        port: 0 for any that is free.
        path: a Unix socket to listen on instead.
    """

    def __init__(
        self, source: HealthSource, *, host: str = LOOPBACK, port: int = 0, path: Path | None = None
    ) -> None:
        self._source = source
        self._host = host
        self._port = port
        self._path = path
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @classmethod
    def of_workers(cls, workers: Sequence[Watched], *, host: str = LOOPBACK, port: int = 0) -> Self:
        """A server that tells of workers of this process."""
        return cls(WorkersHealth(workers), host=host, port=port)

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return self._host

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    def __enter__(self) -> Self:
        """Starts to listen.

        Raises:
            HealthServerFailed: the address is taken, or none of this machine's.
        """
        try:
            self._server = _Server(self._source, self._host, self._port, self._path)
        except OSError as fault:
            where = str(self._path) if self._path else f"{self._host}:{self._port}"
            raise HealthServerFailed(where, fault.strerror or str(fault)) from fault
        if self._path is None:
            self._port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="toril-health", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(self, source: HealthSource, host: str, port: int, path: Path | None) -> None:
        self._places = threading.BoundedSemaphore(MOST_REQUESTS)
        self.address_family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__(str(path) if path else (host, port), partial(_Requests, source))  # pyright: ignore[reportArgumentType] - a path is the address of a Unix socket

    def server_bind(self) -> None:
        # What a killed process has left there would be in the way.
        if self.address_family == socket.AF_UNIX:
            Path(str(self.server_address)).unlink(missing_ok=True)
        # HTTPServer's own looks the host's name up, which may take long.
        TCPServer.server_bind(self)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Gives the request a thread, if there is a place for one; whoever comes too much may come again."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers, unless the whole takes too long: who sends a byte now and then must not keep a place."""
        deadline = threading.Timer(REQUEST_WITHIN, _cut, (request,))
        deadline.daemon = True
        deadline.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            deadline.cancel()
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tells of faults of ours, and not of clients that went away."""
        fault = sys.exception()
        if not isinstance(fault, OSError):
            log.health_not_told(repr(fault))


def _cut(request: socket.socket) -> None:
    with suppress(OSError):  # it has just been closed
        request.shutdown(socket.SHUT_RDWR)


class _Requests(BaseHTTPRequestHandler):
    timeout = REQUEST_WITHIN
    server_version = "toril"
    sys_version = ""

    def __init__(self, source: HealthSource, *request: Any) -> None:
        self._source = source
        super().__init__(*request)

    def do_GET(self) -> None:
        """Answers with a body."""
        self.wfile.write(self._head().body)

    def do_HEAD(self) -> None:
        """Answers without one."""
        self._head()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the library
        """Says nothing: those who watch ask every few seconds."""

    def _head(self) -> Answer:
        found = self._source.answer(self.path.partition("?")[0])
        answer = found or Answer(
            HTTPStatus.NOT_FOUND, "text/plain", b"ask for /healthz, /readyz or /metrics\n"
        )
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        return answer
