"""The gateway's routes in an application of one's own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI, HTTPException
from httpx2 import ASGITransport, AsyncClient

from support.gateway import WORKSHOP, problem_name
from support.jobs import Paint
from support.workshop import running_worker
from toril.backend import QueueService
from toril.backend.http import GatewayNotStarted, job_router, queue_service
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Catalog

RED = {"colour": "red"}


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[AsyncClient]:
    """A client of an application whose lifespan has been run, in one task as a server runs it."""
    started, ended = asyncio.Event(), asyncio.Event()
    state: dict[str, object] = {}

    async def live() -> None:
        async with app.router.lifespan_context(app) as found:
            state.update(found or {})
            started.set()
            await ended.wait()

    async def with_state(scope, receive, send):
        await app(scope | {"state": dict(state)}, receive, send)

    async with asyncio.TaskGroup() as group:
        group.create_task(live())
        await started.wait()
        async with AsyncClient(transport=ASGITransport(with_state), base_url="http://app") as client:
            yield client
        ended.set()


async def test_its_routes_stand_below_a_prefix_of_ones_own(broker: EmbeddedBroker, prefix: str):
    service = QueueService.connect(broker.url, prefix=prefix)
    app = FastAPI()
    app.include_router(job_router(service, WORKSHOP), prefix="/api")

    @app.post("/paint/{colour}")
    async def paint(colour: str, queues: Annotated[QueueService, Depends(queue_service)]) -> str:
        return (await queues.enqueue(Paint(colour=colour))).job_id

    async with client_of(app) as client:
        assert service.is_open
        mine = await client.post("/paint/blue")
        added = await client.post("/api/jobs/paint/paint", json=RED)
        async with running_worker(broker.url, prefix):
            result = await client.get(f"{added.headers['location']}/result", params={"wait": 20})
        wrong = await client.post("/api/jobs/paint/paint", json={})
        elsewhere = await client.get("/nope")

    assert not service.is_open
    assert mine.json() == "1"
    assert added.headers["location"] == "/api/jobs/paint/2"
    assert result.json() == {"colour": "red", "attempt": 1}
    assert problem_name(wrong) == "invalid-payload"
    assert elsewhere.json() == {"detail": "Not Found"}  # the application's own way


async def test_a_service_that_is_open_already_stays_open(broker: EmbeddedBroker, prefix: str):
    async with QueueService.connect(broker.url, prefix=prefix) as service:
        app = FastAPI()
        app.include_router(job_router(service, WORKSHOP))
        async with client_of(app) as client:
            assert (await client.get("/queues")).status_code == 200
        assert service.is_open


async def test_only_the_routes_of_the_scopes_are_there(broker: EmbeddedBroker, prefix: str):
    app = FastAPI()
    app.include_router(job_router(QueueService.connect(broker.url, prefix=prefix), WORKSHOP, scopes=["read"]))
    async with client_of(app) as client:
        assert (await client.get("/queues")).status_code == 200
        assert (await client.post("/queues/paint/pause")).status_code == 404
        assert (await client.post("/jobs/paint/paint", json=RED)).status_code in (404, 405)


async def test_an_application_may_let_in_whom_it_will(broker: EmbeddedBroker, prefix: str):
    async def refuse() -> None:
        raise HTTPException(418, "no")

    app = FastAPI()
    router = job_router(QueueService.connect(broker.url, prefix=prefix), WORKSHOP)
    app.include_router(router, dependencies=[Depends(refuse)])
    async with client_of(app) as client:
        assert (await client.get("/queues")).status_code == 418


async def test_its_document_describes_the_contracts_too(broker: EmbeddedBroker, prefix: str):
    app = FastAPI()
    service = QueueService.connect(broker.url, prefix=prefix)
    app.include_router(job_router(service, Catalog(WORKSHOP)), prefix="/api")

    @app.get("/own")
    async def own() -> str:
        return ""

    async with client_of(app) as client:
        document = (await client.get("/openapi.json")).json()

    assert "/own" in document["paths"]
    assert document["paths"]["/api/jobs/paint/mix"]["post"]["operationId"] == "enqueue_Mix"
    assert "Painted" in document["components"]["schemas"]
    assert document["paths"]["/own"]["get"]["responses"].keys() == {"200"}


async def test_an_application_that_was_not_started_says_so(broker: EmbeddedBroker, prefix: str):
    app = FastAPI()
    app.include_router(job_router(QueueService.connect(broker.url, prefix=prefix), WORKSHOP))
    async with AsyncClient(transport=ASGITransport(app), base_url="http://app") as client:
        with pytest.raises(GatewayNotStarted, match="lifespan"):
            await client.get("/queues")


def test_a_scope_that_is_none_is_refused():
    with pytest.raises(ValueError, match="nope"):
        job_router(QueueService.connect("redis://localhost"), WORKSHOP, scopes=["nope"])
