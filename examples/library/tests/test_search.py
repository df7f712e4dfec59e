"""Ranking passages against a question."""

import numpy as np
import pytest

from examples.library.contracts import Passage
from examples.library.search import Index
from examples.library.vectors import DIMENSIONS, pack


def passage(text: str, *head: float) -> Passage:
    vector = pack([*head, *[0.0] * (DIMENSIONS - len(head))])
    return Passage(title="", text=text, first_line=1, last_line=2, vector=vector)


def question(*head: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.array([*head, *[0.0] * (DIMENSIONS - len(head))], dtype=np.float32)


INDEX = Index(
    [
        ("north.md", passage("north", 0.0, 1.0)),
        ("east.md", passage("east", 1.0, 0.0)),
        ("east.md", passage("rather east", 0.8, 0.6)),
        ("west.md", passage("west", -1.0, 0.0)),
    ]
)


def test_the_nearest_passages_come_first_with_their_files_and_scores():
    found = INDEX.nearest(question(1.0), limit=3)

    assert [(one.path, one.passage.text) for one in found] == [
        ("east.md", "east"),
        ("east.md", "rather east"),
        ("north.md", "north"),
    ]
    assert [one.score for one in found] == pytest.approx([1.0, 0.8, 0.0])


def test_fewer_passages_than_asked_for_are_all_there_is():
    assert len(INDEX.nearest(question(1.0), limit=10)) == 4


def test_equals_stay_in_their_own_order():
    index = Index([("all.md", passage(str(number), 1.0)) for number in range(100)])

    assert [one.passage.text for one in index.nearest(question(1.0), limit=3)] == ["0", "1", "2"]


def test_an_empty_index_finds_nothing():
    assert Index([]).nearest(question(1.0)) == []
