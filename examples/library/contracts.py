"""What all sides agree on: the web application, the agents and the store share it, and nothing else."""

from typing import Annotated

from pydantic import BaseModel, Field

from examples.library.vectors import Vector
from toril.jobs import Job, Queue, Retry, exponential

LONGEST_DOCUMENT = 1_000_000
"""Characters in one document; a longer one is refused before it is enqueued."""
LONGEST_QUESTION = 1_000

agents = Queue("agents")
questions = Queue("questions")
library = Queue("library")


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
    queue=agents,
    name="embed-document",
    retry=Retry(attempts=5, backoff=exponential(1.0, jitter=0.5)),
    timeout=60.0,
):
    """Split a document into passages and embed each of them. An agent's job: it has no database."""

    path: str
    text: Annotated[str, Field(max_length=LONGEST_DOCUMENT)]


class Meaning(BaseModel):
    """Where the meaning of a text lies."""

    vector: Vector


class EmbedQuestion(Job[Meaning], queue=questions, name="embed-question", timeout=10.0):
    """Embed a question. It has a queue of its own, so that it never waits behind documents."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]


class Indexed(BaseModel):
    """How many passages of a document can be found now."""

    passages: int


class IndexDocument(
    Job[Indexed],
    queue=library,
    name="index-document",
    retry=Retry(attempts=10, backoff=exponential(1.0, jitter=0.5)),
    timeout=60.0,
):
    """Write the passages that its child, an EmbedDocument, found. A trusted worker's job: it may write."""

    document_id: int
