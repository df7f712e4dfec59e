"""Taking a document in: its row and its jobs in one transaction, never one without the other."""

from hashlib import sha256
from typing import Annotated, Any

from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from examples.library.contracts import LONGEST_DOCUMENT, EmbedDocument, IndexDocument
from toril.database import outbox
from toril.jobs import Child, Flow, OnFailure

# Answers only if there is something to do.
TAKE_IN = """
INSERT INTO documents (path, digest) VALUES (%(path)s, %(digest)s)
ON CONFLICT (path) DO UPDATE SET digest = %(digest)s, state = 'waiting', reason = NULL
WHERE documents.digest <> %(digest)s OR documents.state = 'failed'
RETURNING id
"""
KNOWN = "SELECT id, job_id FROM documents WHERE path = %s"
NOTE_JOB = "UPDATE documents SET job_id = %s WHERE id = %s"


class Upload(BaseModel):
    """A document, with the path under which it is found again."""

    path: str = Field(min_length=1, max_length=1_000)
    text: Annotated[str, Field(max_length=LONGEST_DOCUMENT)]


class Uploaded(BaseModel):
    """A document that was taken in.

    Attributes:
        job_id: its job in the queue `library`.
        is_new: whether there is something to do: it is new, has changed, or failed before.
    """

    document_id: int
    job_id: str
    is_new: bool


async def take_in(connection: AsyncConnection[Any], upload: Upload) -> Uploaded:
    """Note a document, and enqueue its flow through the outbox, in the connection's transaction."""
    digest = sha256(upload.text.encode()).digest()
    changed = await connection.execute(TAKE_IN, {"path": upload.path, "digest": digest})
    if (row := await changed.fetchone()) is None:
        known = await (await connection.execute(KNOWN, [upload.path])).fetchone()
        assert known is not None  # noqa: S101 - there was a conflict with it
        return Uploaded(document_id=known[0], job_id=known[1], is_new=False)
    document_id: int = row[0]
    job_id = await outbox.enqueue_flow(connection, _flow(document_id, upload))
    await connection.execute(NOTE_JOB, [job_id, document_id])
    return Uploaded(document_id=document_id, job_id=job_id, is_new=True)


def _flow(document_id: int, upload: Upload) -> Flow[Any]:
    """The agent's job is the child. If it fails for good, its parent runs all the same, and notes why."""
    embedding = Child(EmbedDocument(path=upload.path, text=upload.text), on_failure=OnFailure.IGNORE)
    return Flow(IndexDocument(document_id=document_id), children=[embedding])
