"""Serving the gateway until it is told to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from toril.backend.http.bounded_protocol import BoundedProtocol
from toril.backend.http.gateway import Gateway
from toril.backend.http.streams.streamed import SEND_WITHIN

SIGNALS = (signal.SIGTERM, signal.SIGINT)
# How long requests may go on that have begun; waits and streams end at once.
GRACE = 10
BACKLOG = 2_048


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        OSError: the address is taken, or not of this machine.
    """
    family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # What a client does not take for so long is not kept for it any longer, nor is its connection.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(SEND_WITHIN * 1000))
    return listening


def is_loopback(listening: socket.socket) -> bool:
    """Whether only this machine can reach a socket."""
    return ip_address(listening.getsockname()[0]).is_loopback


def url_of(listening: socket.socket) -> str:
    """Where a socket is reached."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class GatewayServer:
    """Serves an application with a gateway.

    Args:
        listening: is closed at the end.
        told: called once it serves.
    """

    def __init__(
        self, app: FastAPI, listening: socket.socket, told: Callable[[], None] = lambda: None
    ) -> None:
        self._gateway: Gateway = app.state.gateway
        self._listening = listening
        self._server = _Server(
            uvicorn.Config(
                app,
                loop="none",
                http=BoundedProtocol,
                ws="none",
                lifespan="on",
                log_config=None,
                log_level="warning",
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE,
            ),
            told,
        )

    async def run(self) -> None:
        """Serves until it is stopped."""
        with self._listening:
            await self._server.serve([self._listening])

    async def run_until_signal(self) -> None:
        """Serves until SIGTERM or SIGINT; a second one cuts what is under way."""
        loop = asyncio.get_running_loop()

        def heard(_number: int, _frame: object) -> None:
            loop.call_soon_threadsafe(self.stop)

        before = {number: signal.signal(number, heard) for number in SIGNALS}
        try:
            await self.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self) -> None:
        """Lets requests end that are under way, waits and streams at once; the second time it cuts all."""
        self._server.force_exit = self._server.should_exit
        self._server.should_exit = True
        self._gateway.ending.begin()


class _Server(uvicorn.Server):
    """A server that leaves signals to us, and says when it serves."""

    def __init__(self, config: uvicorn.Config, told: Callable[[], None]) -> None:
        super().__init__(config)
        self._told = told

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._told()
