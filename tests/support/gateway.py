"""A gateway that serves on a port of its own, and a client of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from httpx2 import AsyncClient, Response

from support.jobs import Mix, Paint, PaintOnce, Vanish
from toril.backend import QueueService
from toril.backend.api_keys import ApiKeys
from toril.backend.http import GatewaySettings, create_app
from toril.backend.http.access.browsers import LOOPBACK_NAMES
from toril.backend.http.server import GatewayServer, listen, url_of
from toril.jobs import Contract

WORKSHOP = tuple(each.contract() for each in (Paint, PaintOnce, Mix, Vanish))
PROBLEM = "application/problem+json"
NDJSON = "application/x-ndjson"


@dataclass(frozen=True)
class ServedGateway:
    """A gateway that serves, by its address."""

    url: str
    app: FastAPI
    server: GatewayServer


@dataclass(frozen=True)
class SentEvent:
    """One event of a stream; `data` is its JSON."""

    name: str
    id: str | None
    data: Any


@asynccontextmanager
async def served(
    url: str,
    prefix: str,
    *,
    contracts: Iterable[Contract[Any, Any]] = WORKSHOP,
    keys: ApiKeys | None = None,
    settings: GatewaySettings | None = None,
) -> AsyncIterator[ServedGateway]:
    """Serves the workshop's contracts on loopback; it is stopped as a signal would stop it."""
    listening = listen("127.0.0.1", 0)
    address = url_of(listening)
    async with QueueService.connect(url, prefix=prefix) as queues:
        app = create_app(queues, contracts, keys=keys, hosts=LOOPBACK_NAMES, settings=settings)
        serves = asyncio.Event()
        server = GatewayServer(app, listening, serves.set)
        serving = asyncio.create_task(server.run())
        try:
            await serves.wait()
            yield ServedGateway(address, app, server)
        finally:
            server.stop()
            await serving


@asynccontextmanager
async def gateway_client(
    url: str,
    prefix: str,
    *,
    contracts: Iterable[Contract[Any, Any]] = WORKSHOP,
    keys: ApiKeys | None = None,
    settings: GatewaySettings | None = None,
) -> AsyncIterator[AsyncClient]:
    """A client of a gateway that serves meanwhile."""
    async with (
        served(url, prefix, contracts=contracts, keys=keys, settings=settings) as gateway,
        AsyncClient(base_url=gateway.url, timeout=30.0) as client,
    ):
        yield client


def problem_name(response: Response) -> str:
    """Which problem a response tells of, proven to be told as all are."""
    assert response.headers["content-type"] == PROBLEM, response.text
    told = response.json()
    assert told["status"] == response.status_code
    assert told["title"]
    assert told["detail"]
    return told["type"].removeprefix("urn:toril:problem:")


async def sent_events(lines: AsyncIterator[str]) -> AsyncIterator[SentEvent]:
    """The events of a stream, as a browser would read them."""
    fields: dict[str, str] = {}
    async for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif not line:
            if "data" in fields:
                data = json.loads(fields["data"])
                yield SentEvent(fields.get("event", "message"), fields.get("id"), data)
            fields = {}
