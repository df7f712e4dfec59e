"""What a browser is kept from that was led here by a web page.

On loopback no key is needed, and a browser reaches loopback too: any web page can have it send requests here,
or can point a name of its own here (DNS rebinding) and then even read the answers.
"""

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from toril.backend.http.errors import ForeignHost, ForeignOrigin
from toril.backend.http.problems import problem_response

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class BrowserGuard:
    """Refuses requests that were meant for another host, and those of web pages from elsewhere.

    Args:
        hosts: the names that this gateway goes by, without ports; None is any.
        origins: whose web pages may call, as `https://app.example.org`; "*" is any.
    """

    def __init__(
        self, app: ASGIApp, *, hosts: Collection[str] | None = None, origins: Collection[str] = ()
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (fault := self._fault(Headers(scope=scope))):
            await problem_response(fault)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _fault(self, headers: Headers) -> Exception | None:
        host = headers.get("host", "")
        if self._hosts is not None and _name(f"//{host}") not in self._hosts:
            return ForeignHost(host)
        origin = headers.get("origin")
        if origin is None or origin in self._origins or "*" in self._origins:
            return None
        return None if urlsplit(origin).netloc == host else ForeignOrigin(origin)


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None
