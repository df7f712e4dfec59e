"""Speaking with the library over HTTP, as the demo does. A server that is being started is waited for."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx2
from pydantic import TypeAdapter

from examples.library.documents import Document
from examples.library.progress import Failure, Progress
from examples.library.search import Found
from examples.library.uploads import Upload, Uploaded

AT_ONCE = 8
PAUSE = 0.1
UNAVAILABLE = 503
_found = TypeAdapter(list[Found])
_failures = TypeAdapter(list[Failure])


class LibraryClient:
    """The library at a URL. Its calls may be repeated, so they are, until the caller has waited enough."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def upload(self, documents: Iterable[Document]) -> int:
        """Upload documents, some at a time; how many of them were new to the library."""
        waiting = iter(documents)
        new = 0

        async def take_turns() -> None:
            nonlocal new
            for path, text in waiting:
                upload = Upload(path=path, text=text)
                answer = await self._call("POST", "/documents", json=upload.model_dump())
                new += Uploaded.model_validate_json(answer.content).is_new

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(take_turns())
        return new

    async def progress(self) -> Progress:
        """How far all documents are."""
        return Progress.model_validate_json((await self._call("GET", "/progress")).content)

    async def follow(self) -> AsyncIterator[Progress]:
        """How far all documents are, whenever that has changed, until none waits."""
        while True:
            try:
                async with self._client.stream("GET", "/progress/events", timeout=None) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data: "):
                            yield Progress.model_validate_json(line.removeprefix("data: "))
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE)
            else:
                return

    async def failures(self) -> list[Failure]:
        """The documents that could not be embedded, and why."""
        return _failures.validate_json((await self._call("GET", "/documents/failures")).content)

    async def search(self, query: str) -> list[Found]:
        """The passages that say most nearly what is asked, the best first."""
        return _found.validate_json((await self._call("GET", "/search", params={"query": query})).content)

    async def _call(self, method: str, path: str, **what: Any) -> httpx2.Response:
        """The answer, when there is one.

        Raises:
            httpx2.HTTPStatusError: the request was refused.
        """
        while True:
            try:
                answer = await self._client.request(method, path, **what)
            except httpx2.TransportError:
                await asyncio.sleep(PAUSE)
                continue
            if answer.status_code == UNAVAILABLE:
                await asyncio.sleep(PAUSE)
                continue
            return answer.raise_for_status()
