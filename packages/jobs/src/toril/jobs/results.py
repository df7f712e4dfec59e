"""Which result a class of jobs has, through any number of generic bases."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

_Arguments = dict[Any, Any]


def argument_of(model: type[BaseModel], parameter: Any) -> Any:
    """What `model` puts for a type parameter of one of its bases; the parameter itself if it leaves it open.

    For `class Listing(Job[list[T]], Generic[T])` and `class Numbers(Listing[int])` the argument of Job's
    parameter is `list[int]`.
    """
    known: _Arguments = {}
    for base in model.__mro__:
        metadata = vars(base).get("__pydantic_generic_metadata__")
        if metadata and metadata["origin"]:
            arguments = (_substitute(argument, known) for argument in metadata["args"])
            parameters = metadata["origin"].__pydantic_generic_metadata__["parameters"]
            known |= dict(zip(parameters, arguments, strict=True))
    return known.get(parameter, parameter)


def is_open(kind: Any) -> bool:
    """Whether a type has parameters that are not given."""
    return isinstance(kind, TypeVar) or bool(_parameters(kind))


def _substitute(kind: Any, known: Mapping[Any, Any]) -> Any:
    if isinstance(kind, TypeVar):
        return known.get(kind, kind)
    parameters = _parameters(kind)
    return kind[tuple(known.get(each, each) for each in parameters)] if parameters else kind


def _parameters(kind: Any) -> tuple[Any, ...]:
    # A model has its own list; its `__parameters__` is that of the class it was made from.
    metadata = getattr(kind, "__pydantic_generic_metadata__", None)
    return metadata["parameters"] if metadata else getattr(kind, "__parameters__", ())
