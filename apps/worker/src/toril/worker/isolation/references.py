"""Names by which a child process imports a handler: nothing but text crosses the pipe."""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from toril.worker.errors import HandlerNotImportable


@dataclass(frozen=True, slots=True)
class HandlerReference:
    """Where a handler is found.

    Attributes:
        function: as `module:name`.
        contract: the class of its jobs, as `module:name`; None for a handler of whatever job comes.
        queue: the name of its queue.
    """

    function: str
    contract: str | None
    queue: str


def reference_to(found: Any, *, what: str) -> str:
    """The name of a function or class, as `module:name`, by which another process gets the same one.

    Raises:
        HandlerNotImportable: it has none; `what` says what it is.
    """
    module, name = found.__module__, found.__qualname__
    if module == "__main__":
        raise HandlerNotImportable(what, "its module is the program itself: move it to one that is imported")
    if "<" in name:
        raise HandlerNotImportable(what, "it is defined inside a function: move it to the top of its module")
    try:
        there = _look_up(sys.modules[module], name)
    except (KeyError, AttributeError):
        raise HandlerNotImportable(what, f"{module} has no {name}") from None
    if there is not found:
        raise HandlerNotImportable(
            what, f"{module}.{name} is another object: let @handlers.handles(…) be its outermost decorator"
        )
    return f"{module}:{name}"


def resolve(reference: str) -> Any:
    """What a name stands for, in this process.

    Raises:
        HandlerNotImportable: there is no such thing, or its module cannot be imported.
    """
    module, _, name = reference.partition(":")
    try:
        return _look_up(import_module(module), name)
    except Exception as error:
        fault = f"importing it in a child process failed with {type(error).__name__}: {error}"
        raise HandlerNotImportable(reference, fault) from error


def _look_up(found: Any, name: str) -> Any:
    for part in name.split("."):
        found = getattr(found, part)
    return found
