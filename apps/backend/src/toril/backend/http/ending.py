"""How what takes long comes to its end when the gateway is stopped."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


class Ending:
    """Ends waits and streams early, so that a server that is stopped need not wait for their clients."""

    def __init__(self) -> None:
        self.has_begun = False
        self._scopes: set[asyncio.Timeout] = set()

    @asynccontextmanager
    async def within(self, seconds: float | None) -> AsyncGenerator[None]:
        """What is inside ends by TimeoutError after so many seconds, or when the gateway is stopped.

        Raises:
            TimeoutError: it had to end.
        """
        async with asyncio.timeout(0 if self.has_begun else seconds) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)

    def begin(self) -> None:
        """Ends all that is under way, and from now on whatever else begins."""
        self.has_begun = True
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            scope.reschedule(now)
