"""The agents: they embed, and have no database in reach. The queue takes what they return to the store."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from examples.library.contracts import Embedded, EmbedDocument, EmbedQuestion, Meaning, Passage
from examples.library.embedding import embed
from examples.library.passages import Excerpt, split
from toril.worker import Handlers, JobContext

BATCH = 64
"""Passages embedded in one go: between two of them the job reports how far it is, and can be cancelled."""

handlers = Handlers()


@handlers.handles(EmbedDocument)
async def embed_document(job: EmbedDocument, context: JobContext) -> Embedded:
    """Embed a document, passage by passage, in threads: the event loop stays free for the other jobs."""
    excerpts = await asyncio.to_thread(split, job.path, job.text)
    passages: list[Passage] = []
    for start in range(0, len(excerpts), BATCH):
        passages += await asyncio.to_thread(_embedded, excerpts[start : start + BATCH])
        await context.progress(len(passages) / len(excerpts), f"{len(passages)} of {len(excerpts)} passages")
    await context.log(f"{job.path}: {len(passages)} passages")
    return Embedded(passages=passages)


@handlers.handles(EmbedQuestion)
async def embed_question(job: EmbedQuestion, _context: JobContext) -> Meaning:
    """Embed a question as the passages are embedded, so that the two can be compared."""
    (vector,) = await asyncio.to_thread(embed, [job.text])
    return Meaning(vector=_packed(vector))


def _embedded(excerpts: list[Excerpt]) -> list[Passage]:
    vectors = embed([excerpt.text for excerpt in excerpts])
    return [
        Passage(**excerpt._asdict(), vector=_packed(vector))
        for excerpt, vector in zip(excerpts, vectors, strict=True)
    ]


def _packed(vector: NDArray[np.float32]) -> bytes:
    return vector.astype("<f4").tobytes()
