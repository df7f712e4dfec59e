"""The handler, in a real worker, on a real broker, with the real model."""

import asyncio
from collections.abc import AsyncGenerator

import numpy as np
import pytest

from examples.library.agents import BATCH, handlers
from examples.library.contracts import EmbedDocument, documents
from examples.library.embedding import embed
from examples.library.passages import split
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.worker import WorkerFactory

SECTION = "## Gate {number}\n\n" + "The gate opens and the bull enters the ring at a run.\n" * 5 + "\n"


@pytest.fixture
async def queues() -> AsyncGenerator[QueueService]:
    """A producer beside a worker."""
    async with (
        EmbeddedBroker() as broker,
        QueueService.connect(broker.url) as queues,
        WorkerFactory(broker.url, handlers).create(documents, concurrency=4) as worker,
    ):
        running = asyncio.create_task(worker.run())
        yield queues
        running.cancel()
        await asyncio.wait([running])


async def test_a_document_comes_back_as_its_embedded_passages(queues: QueueService):
    text = "".join(SECTION.format(number=number) for number in range(3))

    handle = await queues.enqueue(EmbedDocument(path="gates.md", text=text))
    result = await handle.result(timeout=30)

    assert [tuple(passage.model_dump(exclude={"vector"}).values()) for passage in result.passages] == [
        tuple(excerpt) for excerpt in split("gates.md", text)
    ]
    vectors = [np.frombuffer(passage.vector, "<f4") for passage in result.passages]
    assert np.allclose(vectors, embed([passage.text for passage in result.passages]), atol=1e-5)


async def test_a_long_document_goes_batch_by_batch_and_leaves_a_line_in_its_log(queues: QueueService):
    text = "".join(SECTION.format(number=number) for number in range(BATCH + 1))

    handle = await queues.enqueue(EmbedDocument(path="gates.md", text=text))
    result = await handle.result(timeout=30)

    assert len(result.passages) == BATCH + 1
    assert await handle.logs() == [f"gates.md: {BATCH + 1} passages"]


async def test_a_document_without_words_has_no_passages(queues: QueueService):
    handle = await queues.enqueue(EmbedDocument(path="empty.md", text="\n"))

    assert (await handle.result(timeout=30)).passages == []
