"""Finding the passages that say most nearly what a question asks."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from examples.library.contracts import Passage
from examples.library.embedding import Vectors
from examples.library.vectors import DIMENSIONS


class Found(NamedTuple):
    """A passage and how near it is to the question: the cosine of the angle between the two, -1 to 1."""

    path: str
    passage: Passage
    score: float


class Index:
    """All passages, ready to be asked.

    Args:
        passages: each with the path of its document.
    """

    def __init__(self, passages: Sequence[tuple[str, Passage]]) -> None:
        self._passages = tuple(passages)
        packed = b"".join(passage.vector for _, passage in self._passages)
        self._vectors = np.frombuffer(packed, dtype="<f4").reshape(-1, DIMENSIONS)

    def nearest(self, question: Vectors, *, limit: int = 3) -> list[Found]:
        """The `limit` best passages for one embedded question, the best first; equals in their own order."""
        scores = self._vectors @ question
        order = np.argsort(-scores, kind="stable")[:limit]
        return [Found(*self._passages[place], score=float(scores[place])) for place in order]
