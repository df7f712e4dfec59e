"""The agents, in real workers, on a real broker, with the real model."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import numpy as np
import pytest

from examples.library.agents import BATCH, handlers
from examples.library.contracts import EmbedDocument, EmbedQuestion, agents, questions
from examples.library.embedding import embed
from examples.library.passages import split
from support.workshop import running_worker
from toril.backend import QueueService
from toril.bull.embedded import EmbeddedBroker
from toril.jobs import Queue
from toril.worker import Worker

Running = Callable[[Queue], AbstractAsyncContextManager[Worker]]
SECTION = "## Gate {number}\n\n" + "The gate opens and the bull enters the ring at a run.\n" * 5 + "\n"


@pytest.fixture
def running(broker: EmbeddedBroker, prefix: str) -> Running:
    """Runs an agent on a queue."""
    return lambda queue: running_worker(broker.url, prefix, queue=queue, handlers=handlers)


async def test_a_document_comes_back_as_its_embedded_passages(queues: QueueService, running: Running):
    text = "".join(SECTION.format(number=number) for number in range(3))

    async with running(agents):
        handle = await queues.enqueue(EmbedDocument(path="gates.md", text=text))
        result = await handle.result(timeout=30)

    assert [tuple(passage.model_dump(exclude={"vector"}).values()) for passage in result.passages] == [
        tuple(excerpt) for excerpt in split("gates.md", text)
    ]
    vectors = [np.frombuffer(passage.vector, "<f4") for passage in result.passages]
    assert np.allclose(vectors, embed([passage.text for passage in result.passages]), atol=1e-5)


async def test_a_long_document_goes_batch_by_batch_and_leaves_a_line_in_its_log(
    queues: QueueService, running: Running
):
    text = "".join(SECTION.format(number=number) for number in range(BATCH + 1))

    async with running(agents):
        handle = await queues.enqueue(EmbedDocument(path="gates.md", text=text))
        result = await handle.result(timeout=30)

    assert len(result.passages) == BATCH + 1
    assert await handle.logs() == [f"gates.md: {BATCH + 1} passages"]


async def test_a_document_without_words_has_no_passages(queues: QueueService, running: Running):
    async with running(agents):
        handle = await queues.enqueue(EmbedDocument(path="empty.md", text="\n"))

        assert (await handle.result(timeout=30)).passages == []


async def test_a_question_means_what_the_same_words_in_a_document_mean(
    queues: QueueService, running: Running
):
    async with running(questions):
        handle = await queues.enqueue(EmbedQuestion(text="Which way in?"))
        vector = (await handle.result(timeout=30)).vector

    assert np.allclose(np.frombuffer(vector, "<f4"), embed(["Which way in?"])[0], atol=1e-5)
