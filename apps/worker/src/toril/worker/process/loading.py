"""Loading what the user names: MODULE:NAME."""

import importlib
import os
import sys
import traceback
from types import ModuleType

from toril.worker.errors import BadTarget
from toril.worker.handlers import Handlers


def load_handlers(target: str) -> Handlers:
    """The `Handlers` that MODULE:NAME names.

    Raises:
        BadTarget: there is no such thing, it cannot be imported, or it is something else, or empty.
    """
    found = load(target)
    if not isinstance(found, Handlers):
        raise BadTarget(target, f"is {described(found)}, not Handlers of toril.worker")
    if not found.queues():
        raise BadTarget(target, "has no handlers: register them with @handlers.handles(…) in that module")
    return found


def load(target: str) -> object:
    """What MODULE:NAME names, whatever it is.

    Raises:
        BadTarget: there is no such thing, or it cannot be imported.
    """
    module, _, name = target.partition(":")
    if not name.isidentifier() or not is_module(module):
        raise BadTarget(target, "expected MODULE:NAME, such as app.jobs:name")
    loaded = load_module(target, module)
    if not hasattr(loaded, name):
        raise BadTarget(target, f"module {module} has no {name!r}")
    return getattr(loaded, name)


def load_module(target: str, module: str) -> ModuleType:
    """A module of the current folder, or an installed one.

    Args:
        target: what the user wrote, for the error.

    Raises:
        BadTarget: it cannot be imported.
    """
    here = os.getcwd()
    if sys.path[:1] != [here]:
        sys.path.insert(0, here)
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name and f"{module}.".startswith(f"{error.name}."):
            raise BadTarget(
                target, f"there is no module {error.name!r}, neither in {here} nor among the installed ones"
            ) from error
        raise _import_failed(target, module, error) from error
    except (Exception, SystemExit) as error:
        raise _import_failed(target, module, error) from error


def is_module(text: str) -> bool:
    """Whether this can be a module's name."""
    return all(part.isidentifier() for part in text.split("."))


def described(found: object) -> str:
    """What something is, for the error that refuses it."""
    return f"the class {found.__qualname__}" if isinstance(found, type) else f"a {type(found).__qualname__}"


def _import_failed(target: str, module_name: str, error: BaseException) -> BadTarget:
    last_line = traceback.format_exception_only(error)[-1].strip()
    return BadTarget(target, f"importing {module_name} failed: {last_line}{_place_of(error)}")


def _place_of(error: BaseException) -> str:
    """The file and the line that are at fault; nothing where only the import itself is."""
    if isinstance(error, SyntaxError):  # its own line never ran, so no traceback has it
        return f" ({error.filename}:{error.lineno})"
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    return "" if "importlib" in innermost.filename else f" ({innermost.filename}:{innermost.lineno})"
