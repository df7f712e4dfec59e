"""The embedding model: the one module that knows wordllama, whose wheel carries the weights."""

import logging
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from examples.library.vectors import DIMENSIONS

Vectors: TypeAlias = NDArray[np.float32]
"""One vector a row, of length 1, so that the product of two is the cosine of their angle."""


class _Model(Protocol):
    def embed(self, texts: list[str]) -> Vectors: ...


_models: list[_Model] = []
_loading = Lock()


def embed(texts: Sequence[str]) -> Vectors:
    """What the texts mean, one row each. It is work for a processor: keep it off the event loop.

    A text without any word that the model knows gets a row of zeros, which is like nothing at all.
    """
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    vectors = _model().embed(list(texts))
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths > 0, lengths, 1)).astype(np.float32, copy=False)


def _model() -> _Model:
    """The model, loaded when it is first asked for and once a process: a third of a second, offline."""
    with _loading:
        if not _models:
            _models.append(_load())
        return _models[0]


def _load() -> _Model:
    with _logging_as_it_is():
        import wordllama
        from wordllama import WordLlama

        package = Path(wordllama.__file__).parent
        return cast("_Model", WordLlama.load(cache_dir=package, disable_download=True))


@contextmanager
def _logging_as_it_is() -> Generator[None]:
    """wordllama configures the root logger when it is imported; that is for the program to decide."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
