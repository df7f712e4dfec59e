"""The real model, from its wheel."""

import subprocess
import sys
from pathlib import Path

import numpy as np

from examples.library.embedding import embed
from examples.library.vectors import DIMENSIONS

ROOT = Path(__file__).parents[3]


def test_each_text_gets_one_vector_of_length_one():
    vectors = embed(["The gate opens.", "A bull enters the ring."])

    assert vectors.shape == (2, DIMENSIONS)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_what_means_the_same_is_nearer_than_what_does_not():
    question, answer, other = embed(
        ["How do I bake bread?", "Knead the dough and put the loaf in the oven.", "The server is down."]
    )

    assert question @ answer > question @ other


def test_a_text_without_words_is_like_nothing():
    assert not embed([""]).any()


def test_no_texts_make_no_vectors():
    assert embed([]).shape == (0, DIMENSIONS)


def test_loading_the_model_leaves_logging_to_the_program():
    program = (
        "import logging; from examples.library.embedding import embed; embed(['gate']);"
        "print(logging.getLogger().handlers, logging.getLogger().level == logging.WARNING)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert ended.stdout == "[] True\n"
