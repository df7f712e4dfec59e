"""Clients that add, wait and follow, and hold each answer to what it has to be."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from time import perf_counter

from httpx2 import AsyncClient, HTTPError, Limits, Response

ADD = "/jobs/load/echo"
WAIT = 30
# What a client may be told instead, if there is too much under way.
COME_BACK = (429, 503)


@dataclass
class Tally:
    """What the clients were answered.

    Attributes:
        seconds: how long each answer took, by what was asked.
        come_back: how often a client was told to come back later.
        wrong: what should not have been, and how often.
    """

    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    come_back: int = 0
    wrong: Counter[str] = field(default_factory=Counter[str])


class Clients:
    """Clients of one gateway, each with a connection of its own for each thing that it does at once."""

    def __init__(self, address: str, count: int) -> None:
        self._client = AsyncClient(
            base_url=address,
            timeout=60.0,
            limits=Limits(max_connections=None, max_keepalive_connections=count),
        )
        self._count = count
        self._number = 0
        self.tally = Tally()

    async def run(self, seconds: float) -> None:
        """Has all of them at work for so long."""
        until = perf_counter() + seconds
        async with self._client, asyncio.TaskGroup() as group:
            for number in range(self._count):
                group.create_task(self._run_one(Random(number), until))  # noqa: S311 - no secret

    async def _run_one(self, random: Random, until: float) -> None:
        kinds: tuple[Callable[[], Awaitable[None]], ...] = (self._add, self._wait, self._fail, self._follow)
        while perf_counter() < until:
            [act] = random.choices(kinds, weights=(4, 4, 1, 2))
            try:
                await act()
            except HTTPError as error:
                self.tally.wrong[f"{act.__name__.strip('_')}: {type(error).__name__}"] += 1

    async def _add(self) -> None:
        answer = await self._post("add", {})
        self._expect(answer, 202, {"name": "echo", "queue": "load", "is_new": True})

    async def _wait(self) -> None:
        number = self._next()
        answer = await self._post("wait", {"number": number}, wait=WAIT)
        self._expect(answer, 200, {"number": number})

    async def _fail(self) -> None:
        answer = await self._post("fail", {"fails": True}, wait=WAIT)
        self._expect(answer, 424, {"type": "urn:toril:problem:job-failed", "status": 424})

    async def _follow(self) -> None:
        began = perf_counter()
        added = await self._client.post(ADD, json={"number": self._next(), "seconds": 0.1})
        if added.status_code != 202:
            self._expect(added, 202, {})
            return
        names: list[str] = []
        async with self._client.stream("GET", f"{added.headers['location']}/events") as stream:
            if stream.status_code != 200:
                await stream.aread()
                self._expect(stream, 200, {})
                return
            names += [line async for line in stream.aiter_lines() if line.startswith("event: ")]
        self._took("follow", perf_counter() - began)
        if names[:1] != ["event: standing"] or names[-1] not in ("event: completed", "event: standing"):
            self.tally.wrong[f"follow: {names}"] += 1

    async def _post(self, kind: str, payload: dict[str, object], wait: float = 0) -> Response:
        began = perf_counter()
        answer = await self._client.post(
            ADD, json={"number": self._next()} | payload, params={"wait": wait} if wait else None
        )
        self._took(kind, perf_counter() - began)
        return answer

    def _expect(self, answer: Response, status: int, holds: dict[str, object]) -> None:
        if answer.status_code in COME_BACK and "retry-after" in answer.headers:
            self.tally.come_back += 1
        elif answer.status_code != status or not holds.items() <= json.loads(answer.text).items():
            self.tally.wrong[f"{answer.status_code}, not {status}: {answer.text[:200]}"] += 1

    def _took(self, kind: str, seconds: float) -> None:
        self.tally.seconds.setdefault(kind, []).append(seconds)

    def _next(self) -> int:
        self._number += 1
        return self._number
