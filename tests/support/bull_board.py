"""bull-board's HTTP API, as its page in the browser calls it. Its server: tests/interop/node/board.mjs."""

import asyncio
import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

ANSWERS_WITHIN = 30.0


class BoardRefused(Exception):
    """bull-board answered with an error: `status` is HTTP's, `reason` what it says."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        self.reason = reason
        super().__init__(f"{status}: {reason}")


class BullBoard:
    """One board, which shows one queue.

    Args:
        port: where it listens on loopback.
    """

    def __init__(self, port: int, queue: str) -> None:
        self._port = port
        self._queue = queue

    async def page(self, path: str) -> str:
        """A page for the browser."""
        return await self._answer("GET", path)

    async def queue(self, status: str = "latest", *, page: int = 1, size: int = 10) -> dict[str, Any]:
        """The queue with its counts, and a page of its jobs of that status."""
        question = f"activeQueue={self._queue}&status={status}&page={page}&jobsPerPage={size}"
        [queue] = json.loads(await self._answer("GET", f"/api/queues?{question}"))["queues"]
        return queue

    async def jobs(self, status: str) -> list[str]:
        """The ids of the first jobs of that status, as they are listed."""
        return [job["id"] for job in (await self.queue(status))["jobs"]]

    async def get(self, *parts: str) -> Any:
        """Reads something of the queue: `workers`, or a job by its id, or its `logs`."""
        return json.loads(await self._answer("GET", self._path(parts)))

    async def press(self, *parts: str, body: object = None, method: str = "PUT") -> Any:
        """Does what a button does: `pause`, or a job's id and `retry`.

        Raises:
            BoardRefused: it does not do it.
        """
        answer = await self._answer(method, self._path(parts), body)
        return json.loads(answer) if answer else None

    def _path(self, parts: tuple[str, ...]) -> str:
        return "/".join(["/api/queues", self._queue, *[quote(part, safe="") for part in parts]])

    async def _answer(self, method: str, path: str, body: object = None) -> str:
        return await asyncio.to_thread(self._exchange, method, path, body)

    def _exchange(self, method: str, path: str, body: object) -> str:
        connection = HTTPConnection("127.0.0.1", self._port, timeout=ANSWERS_WITHIN)
        try:
            headers = {"Content-Type": "application/json", "Connection": "close"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        if answer.status >= 400:
            raise BoardRefused(answer.status, text)
        return text
