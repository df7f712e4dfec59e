"""The web application, asked over HTTP, while no worker runs."""

import json
from collections.abc import AsyncIterator

import pytest
from httpx2 import ASGITransport, AsyncClient

from examples.library import app as module
from examples.library.app import create_app
from toril.backend import QueueService
from toril.database import Database

BREAD = {"path": "bread.md", "text": "Knead the dough."}


@pytest.fixture
async def client(library: Database, database_url: str, queues: QueueService) -> AsyncIterator[AsyncClient]:
    app = create_app(queues, Database.connect(database_url))
    async with (
        app.router.lifespan_context(app) as state,
        AsyncClient(transport=ASGITransport(WithState(app, state)), base_url="http://127.0.0.1") as client,
    ):
        yield client


class WithState:
    """Gives every request what the lifespan has yielded, as a server does."""

    def __init__(self, app, state) -> None:
        self._app, self._state = app, dict(state or {})

    async def __call__(self, scope, receive, send) -> None:
        await self._app({**scope, "state": dict(self._state)}, receive, send)


async def test_an_upload_is_accepted_and_the_same_once_more_is_known(client: AsyncClient):
    first = await client.post("/documents", json=BREAD)
    again = await client.post("/documents", json=BREAD)

    assert (first.status_code, first.json()["is_new"]) == (202, True)
    assert (again.status_code, again.json()) == (200, first.json() | {"is_new": False})


@pytest.mark.parametrize(
    ("upload", "field"),
    [
        ({"path": "", "text": "x"}, "path"),
        ({"path": "a.md"}, "text"),
        ({"path": "a.md", "text": "x" * 1_000_001}, "text"),
    ],
)
async def test_what_is_no_document_is_refused_and_the_field_is_named(
    client: AsyncClient, upload: dict[str, str], field: str
):
    refused = await client.post("/documents", json=upload)

    assert refused.status_code == 422
    assert refused.json()["detail"][0]["loc"] == ["body", field]
    assert (await client.get("/progress")).json()["documents"] == 0


async def test_progress_is_streamed_until_no_document_waits(client: AsyncClient, library: Database):
    await client.post("/documents", json=BREAD)
    async with library.transaction() as connection:
        await connection.execute("UPDATE documents SET state = 'indexed'")

    streamed = await client.get("/progress/events")

    assert streamed.headers["content-type"].startswith("text/event-stream")
    (told,) = [line for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert json.loads(told.removeprefix("data: ")) == {
        "documents": 1,
        "waiting": 0,
        "indexed": 1,
        "failed": 0,
        "passages": 0,
    }


async def test_a_question_that_no_agent_embeds_in_time_is_to_be_asked_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "EMBEDDED_WITHIN", 0.1)

    answer = await client.get("/search", params={"query": "Which way in?"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


async def test_jobs_can_be_read_but_not_added_past_the_uploads(client: AsyncClient):
    assert (await client.get("/queues")).status_code == 200
    assert (await client.post("/jobs/agents/embed-document", json=BREAD)).status_code in (404, 405)
