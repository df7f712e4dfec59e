"""The web application: documents come in, questions are answered, and whoever waits sees how far it is.

It has the gateway's routes for reading jobs, too: `GET /jobs/library/{job_id}/events` follows one document.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from psycopg import AsyncConnection

from examples.library.contracts import LONGEST_QUESTION, EmbedQuestion
from examples.library.progress import Failure, Progress, failures, progress, progress_events
from examples.library.search import Found, nearest
from examples.library.uploads import Upload, Uploaded, take_in
from toril.backend import BrokerUnavailable, QueueService
from toril.backend.http import job_router, queue_service
from toril.database import Database, DatabaseUnavailable
from toril.jobs import Catalog

EMBEDDED_WITHIN = 10.0
"""Seconds in which an agent is to embed a question."""


async def known_database(request: Request) -> Database:
    """The application's database, which its lifespan has entered."""
    return request.state.database


async def transaction(
    database: Annotated[Database, Depends(known_database)],
) -> AsyncIterator[AsyncConnection[Any]]:
    """A connection in a transaction of its own."""
    async with database.transaction() as connection:
        yield connection


Library = Annotated[Database, Depends(known_database)]
Queues = Annotated[QueueService, Depends(queue_service)]
# scope="function": what a request has written is committed before it is answered.
Transaction = Annotated[AsyncConnection[Any], Depends(transaction, scope="function")]
routes = APIRouter()


@routes.post("/documents", status_code=202)
async def upload_document(upload: Upload, connection: Transaction, response: Response) -> Uploaded:
    """Take a document in: 202 if it is to be indexed, 200 if it is known as it stands."""
    uploaded = await take_in(connection, upload)
    response.status_code = 202 if uploaded.is_new else 200
    return uploaded


@routes.get("/documents/failures")
async def list_failures(connection: Transaction) -> list[Failure]:
    """The documents that could not be embedded, and why."""
    return await failures(connection)


@routes.get("/search")
async def search(
    query: Annotated[str, Query(min_length=1, max_length=LONGEST_QUESTION)],
    queues: Queues,
    database: Library,
    limit: Annotated[int, Query(ge=1, le=50)] = 3,
) -> list[Found]:
    """The passages that say most nearly what is asked, the best first."""
    question = await queues.enqueue(EmbedQuestion(text=query))
    meaning = await question.result(timeout=EMBEDDED_WITHIN)
    async with database.transaction() as connection:
        return await nearest(connection, meaning.vector, limit)


@routes.get("/progress")
async def read_progress(connection: Transaction) -> Progress:
    """How far all documents are."""
    return await progress(connection)


@routes.get("/progress/events")
async def follow_progress(database: Library) -> StreamingResponse:
    """The same as server-sent events, until no document waits."""
    return StreamingResponse(progress_events(database), media_type="text/event-stream")


def create_app(queues: QueueService, database: Database) -> FastAPI:
    """The application; the service and the database are entered as it starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncGenerator[dict[str, Database]]:
        async with database:
            yield {"database": database}

    app = FastAPI(title="Library", lifespan=lifespan)
    app.include_router(routes)
    app.include_router(job_router(queues, Catalog.load("examples.library.contracts"), scopes=["read"]))
    for error in (BrokerUnavailable, DatabaseUnavailable, TimeoutError):
        app.add_exception_handler(error, _unavailable)
    return app


async def _unavailable(_request: Request, error: Exception) -> Response:
    """Something that the application needs is away, or no agent has answered in time."""
    detail = str(error) or "no agent has answered in time"
    return JSONResponse({"title": "Unavailable", "detail": detail}, 503, {"Retry-After": "2"})


app = create_app(QueueService.connect(), Database.connect())
