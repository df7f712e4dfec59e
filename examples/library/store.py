"""The store: the trusted side's worker. It alone writes passages, and runs no code of the agents."""

import os
from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from examples.library.contracts import EmbedDocument, IndexDocument, Indexed, Passage
from examples.library.vectors import as_text
from toril.database.database_url import URL_VARIABLE
from toril.worker import Handlers, JobContext

handlers = Handlers()

# Whoever is first to take the document out of `waiting` under the job's id does the work: a job that runs a
# second time writes nothing, and neither does one whose document was uploaded anew meanwhile.
TAKE = """
UPDATE documents SET state = %(state)s, reason = %(reason)s
WHERE id = %(document_id)s AND job_id = %(job_id)s AND state = 'waiting'
"""
REMOVE = "DELETE FROM passages WHERE document_id = %s"
ADD = """
INSERT INTO passages (document_id, place, title, text, first_line, last_line, embedding)
VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


@handlers.handles(IndexDocument)
async def index_document(job: IndexDocument, context: JobContext) -> Indexed:
    """Write what the agent found, or why it failed, in one transaction."""
    children = await context.children()
    failures = [failure.reason for failure in children.ignored_failures]
    passages = [passage for child in children.of(EmbedDocument) for passage in child.result.passages]
    outcome = {
        "document_id": job.document_id,
        "job_id": context.job_id,
        "state": "failed" if failures else "indexed",
        "reason": failures[0] if failures else None,
    }
    async with await AsyncConnection.connect(os.environ[URL_VARIABLE]) as connection:
        taken = await connection.execute(TAKE, outcome)
        if taken.rowcount:
            await _replace(connection, job.document_id, passages)
    return Indexed(passages=len(passages))


async def _replace(connection: AsyncConnection[Any], document_id: int, passages: Sequence[Passage]) -> None:
    """Until now the passages of an earlier upload could be found."""
    await connection.execute(REMOVE, [document_id])
    async with connection.cursor() as cursor:
        await cursor.executemany(
            ADD,
            [
                (
                    document_id,
                    place,
                    each.title,
                    each.text,
                    each.first_line,
                    each.last_line,
                    as_text(each.vector),
                )
                for place, each in enumerate(passages)
            ],
        )
