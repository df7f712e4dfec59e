"""What the two sides agree on: imported by whoever enqueues a document and by the worker that embeds it."""

from typing import Annotated

from pydantic import BaseModel, Field

from examples.library.vectors import Vector
from toril.jobs import Job, Queue, Retry, exponential

LONGEST_DOCUMENT = 1_000_000
"""Characters in one document; a longer one is refused before it is enqueued."""

documents = Queue("documents")


class Passage(BaseModel):
    """A piece of a document, and where its meaning lies.

    Attributes:
        title: the heading that it stands under, or the function or class that it begins with; may be empty.
        text: what it says.
        first_line, last_line: where it stands in the document, counted from 1, both included.
        vector: its embedding, of length 1.
    """

    title: str
    text: str
    first_line: int = Field(ge=1)
    last_line: int = Field(ge=1)
    vector: Vector


class Embedded(BaseModel):
    """A document's passages, in its order."""

    passages: list[Passage]


class EmbedDocument(
    Job[Embedded],
    queue=documents,
    name="embed-document",
    retry=Retry(attempts=5, backoff=exponential(1.0, jitter=0.5)),
    timeout=60.0,
):
    """Split a document into passages and embed each of them."""

    path: str
    text: Annotated[str, Field(max_length=LONGEST_DOCUMENT)]
