"""Finding the passages that say most nearly what a question asks."""

from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import class_row
from pydantic import BaseModel

from examples.library.vectors import as_text

# The vectors have length 1: their product is the cosine of their angle. pgvector's <#> is its negative.
NEAREST = """
SELECT path, title, text, first_line, last_line, -(embedding <#> %(question)s::vector) AS score
FROM passages JOIN documents ON documents.id = document_id
ORDER BY embedding <#> %(question)s::vector, path, place
LIMIT %(limit)s
"""


class Found(BaseModel):
    """A passage and how near it is to the question: the cosine of the angle between the two, -1 to 1."""

    path: str
    title: str
    text: str
    first_line: int
    last_line: int
    score: float


async def nearest(connection: AsyncConnection[Any], question: bytes, limit: int) -> list[Found]:
    """The `limit` best passages for an embedded question, the best first."""
    async with connection.cursor(row_factory=class_row(Found)) as cursor:
        await cursor.execute(NEAREST, {"question": as_text(question), "limit": limit})
        return await cursor.fetchall()
