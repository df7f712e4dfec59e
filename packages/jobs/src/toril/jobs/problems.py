"""What is wrong with a value, told without the value."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from math import isfinite
from typing import cast, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails, PydanticSerializationError
from pydantic_core.core_schema import ErrorType

from toril.jobs.errors import Problem

MOST_PROBLEMS = 20
LONGEST_PATH = 200
LONGEST_REASON = 300
MOST_TEXTS_HIDDEN = 1000
LONGEST_SHORT_TEXT = 3

# The messages of all other types that Pydantic knows are made from the contract alone.
_QUOTING = {"value_error", "assertion_error", "union_tag_invalid", "get_attribute_error", "no_such_attribute"}
_SAFE = frozenset(get_args(ErrorType)) - _QUOTING

_HARMLESS = frozenset((str, int, bool, bytes, type(None)))
_SEVERAL = (list, tuple, set, frozenset)

# The parts of a serialisation error that name a type or a function, never a value.
_WRITING = re.compile(
    r"Unable to serialize unknown type: .*|Error calling function `[^`]*`: \w+"
    r"|Circular reference detected|invalid utf-8 sequence"
)


class Unwritable(ValueError):
    """What stands at these paths would not arrive as it is."""

    def __init__(self, reason: str, paths: Sequence[str] = ("",)) -> None:
        super().__init__(reason, paths)
        self.reason = reason
        self.paths = paths


def describe(error: ValueError) -> tuple[tuple[Problem, ...], int]:
    """The first problems that an error tells of, and how many more there are."""
    if isinstance(error, ValidationError):
        details = error.errors(include_url=False)
        problems = tuple(
            _problem(".".join(map(str, detail["loc"])), _reason(detail)) for detail in details[:MOST_PROBLEMS]
        )
        return problems, len(details) - len(problems)
    if isinstance(error, Unwritable):
        problems = tuple(_problem(path, error.reason) for path in error.paths[:MOST_PROBLEMS])
        return problems, len(error.paths) - len(problems)
    if isinstance(error, PydanticSerializationError):
        told = _WRITING.search(str(error))
        return (_problem("", told.group() if told else "cannot be written as JSON"),), 0
    return (_problem("", f"Invalid JSON: {error}"),), 0


def _problem(path: str, reason: str) -> Problem:
    return Problem(_shortened(path, LONGEST_PATH), _shortened(reason, LONGEST_REASON))


def _reason(detail: ErrorDetails) -> str:
    if detail["type"] in _SAFE:
        return detail["msg"]
    # A validator of the user's wrote this, and may well have quoted what it was given.
    return _without(detail["msg"], detail["input"])


def _without(message: str, value: object) -> str:
    hidden = sorted(set(islice(_texts(value), MOST_TEXTS_HIDDEN)) - {""}, key=len, reverse=True)
    for text in hidden:
        # A short text is hidden where it stands alone, so that "a" does not cost every word its letters.
        edges = (r"(?<!\w)", r"(?!\w)") if len(text) <= LONGEST_SHORT_TEXT else ("", "")
        message = re.sub(re.escape(text).join(edges), "…", message)
    return message


def _texts(value: object) -> Iterator[str]:
    """How the parts of a value may look in a message."""
    if isinstance(value, dict):
        for name, part in cast("dict[object, object]", value).items():
            yield from _texts(name)
            yield from _texts(part)
    elif isinstance(value, list | tuple | set | frozenset):
        for part in cast("list[object]", value):
            yield from _texts(part)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
        yield repr(value).strip("'\"")


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def is_finite(value: object) -> bool:
    """Whether neither NaN nor infinity stands in what is to be written."""
    if isinstance(value, dict):
        parts = cast("dict[object, object]", value)
        names = [name for name in parts if type(name) is float] if float in map(type, parts) else ()
        return all(map(isfinite, names)) and _are_finite(parts.values())
    if isinstance(value, _SEVERAL):
        return _are_finite(cast("list[object]", value))
    return not isinstance(value, float) or isfinite(value)


def _are_finite(values: Iterable[object]) -> bool:
    # Most values hold nothing but words and whole numbers: to see that takes no call for each.
    return _HARMLESS.issuperset(map(type, values)) or all(map(is_finite, values))


def not_finite(value: object) -> Iterator[str]:
    """The paths of NaN and infinity in what is to be written; empty for the value itself."""
    if isinstance(value, float):
        if not isfinite(value):
            yield ""
        return
    for name, part in _parts(value):
        yield from (f"{name}.{path}" if path else str(name) for path in not_finite(part))


def _parts(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, dict):
        parts = cast("dict[object, object]", value)
        return chain(parts.items(), ((name, name) for name in parts if type(name) is float))
    if isinstance(value, _SEVERAL):
        return enumerate(cast("list[object]", value))
    return ()
