"""The store and the uploads: a document is written once, however often its job runs."""

from typing import Any

import pytest

from examples.library.contracts import Embedded, EmbedDocument, IndexDocument, Passage, agents
from examples.library.contracts import library as library_queue
from examples.library.embedding import embed
from examples.library.progress import Failure, Progress, failures, progress
from examples.library.search import nearest
from examples.library.store import handlers as store_handlers
from examples.library.uploads import Upload, Uploaded, take_in
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.database import Database
from toril.jobs import Child, Flow, OnFailure
from toril.worker import Handlers, JobContext, Unrecoverable

agents_handlers = Handlers()


@agents_handlers.handles(EmbedDocument)
async def embed_document(job: EmbedDocument, _context: JobContext) -> Embedded:
    """An agent that makes one passage of a document."""
    if "unreadable" in job.text:
        raise Unrecoverable("it cannot be read")
    (vector,) = embed([job.text])
    return Embedded(
        passages=[Passage(title="", text=job.text, first_line=1, last_line=1, vector=vector.tobytes())]
    )


class Shop:
    """The library with its workers, where documents come in."""

    def __init__(self, library: Database, queues: QueueService) -> None:
        self._library = library
        self._queues = queues

    async def upload(self, path: str, text: str) -> Uploaded:
        async with self._library.transaction() as connection:
            return await take_in(connection, Upload(path=path, text=text))

    async def index(self, path: str, text: str) -> Uploaded:
        """Uploads a document and has its flow run, without the relay between the two."""
        uploaded = await self.upload(path, text)
        await self.run(uploaded, path, text)
        return uploaded

    async def run(self, uploaded: Uploaded, path: str, text: str) -> None:
        child = Child(EmbedDocument(path=path, text=text), on_failure=OnFailure.IGNORE)
        parent = IndexDocument(document_id=uploaded.document_id)
        flow = await self._queues.enqueue_flow(Flow(parent, children=[child], job_id=uploaded.job_id))
        await flow.result(timeout=30)

    async def forget(self, uploaded: Uploaded) -> None:
        """Removes the job that has run, so that it can be added again."""
        await self._queues.handle(IndexDocument, uploaded.job_id).remove()

    async def found(self, question: str) -> list[tuple[str, str]]:
        async with self._library.transaction() as connection:
            nearest_ones = await nearest(connection, embed([question])[0].tobytes(), 10)
        return [(each.path, each.text) for each in nearest_ones]

    async def ask(self, query: str) -> Any:
        async with self._library.transaction() as connection:
            return await (await connection.execute(query.encode())).fetchall()

    async def progress(self) -> Progress:
        async with self._library.transaction() as connection:
            return await progress(connection)


@pytest.fixture
async def shop(library: Database, queues: QueueService, broker: EmbeddedBroker, prefix: str):
    async with (
        running_worker(broker.url, prefix, queue=agents, handlers=agents_handlers),
        running_worker(broker.url, prefix, queue=library_queue, handlers=store_handlers),
    ):
        yield Shop(library, queues)


async def test_what_was_uploaded_is_found_the_nearest_first(shop: Shop):
    await shop.index("bread.md", "Knead the dough and put the loaf in the oven.")
    await shop.index("servers.md", "When the database is down, restart it.")

    assert [path for path, _ in await shop.found("How do I bake?")] == ["bread.md", "servers.md"]
    assert await shop.progress() == Progress(documents=2, waiting=0, indexed=2, failed=0, passages=2)


async def test_a_job_that_runs_twice_writes_once(shop: Shop):
    uploaded = await shop.index("bread.md", "Knead the dough.")
    before = await shop.ask("SELECT xmin, * FROM passages")
    await shop.forget(uploaded)
    await shop.run(uploaded, "bread.md", "Knead the dough.")

    assert await shop.ask("SELECT xmin, * FROM passages") == before


async def test_an_upload_writes_the_document_and_its_flow_or_neither(shop: Shop, library: Database):
    async with library.transaction() as connection:
        await take_in(connection, Upload(path="bread.md", text="Knead the dough."))
        await connection.rollback()
    assert await shop.ask("SELECT 1 FROM documents UNION ALL SELECT 1 FROM toril.outbox") == []

    await shop.upload("bread.md", "Knead the dough.")

    assert await shop.ask("SELECT state FROM documents") == [("waiting",)]
    assert await shop.ask("SELECT queue FROM toril.outbox") == [("library",)]


async def test_a_document_that_is_known_as_it_stands_is_not_taken_in_again(shop: Shop):
    first = await shop.upload("bread.md", "Knead the dough.")
    again = await shop.upload("bread.md", "Knead the dough.")
    changed = await shop.upload("bread.md", "Let it rise.")

    assert first.is_new
    assert again == first.model_copy(update={"is_new": False})
    assert (changed.is_new, changed.document_id) == (True, first.document_id)
    assert changed.job_id != first.job_id


async def test_an_upload_that_was_overtaken_writes_nothing(shop: Shop):
    old = await shop.upload("bread.md", "Knead the dough.")
    await shop.index("bread.md", "Let it rise.")
    await shop.run(old, "bread.md", "Knead the dough.")

    assert await shop.found("bread") == [("bread.md", "Let it rise.")]


async def test_the_passages_of_an_earlier_upload_are_found_until_the_new_ones_are_there(shop: Shop):
    await shop.index("bread.md", "Knead the dough.")
    await shop.upload("bread.md", "Let it rise.")
    assert await shop.found("bread") == [("bread.md", "Knead the dough.")]

    assert (await shop.progress()).waiting == 1


async def test_a_document_that_no_agent_can_embed_is_noted_with_the_reason(shop: Shop, library: Database):
    await shop.index("noise.md", "unreadable")

    assert await shop.progress() == Progress(documents=1, waiting=0, indexed=0, failed=1, passages=0)
    async with library.transaction() as connection:
        (failure,) = await failures(connection)
    assert failure == Failure(path="noise.md", reason="Unrecoverable: it cannot be read")
    assert (await shop.upload("noise.md", "unreadable")).is_new  # it may be tried again
