"""Loading what the user names: MODULE:NAME."""

import importlib
import os
import sys
import traceback
from types import ModuleType
from typing import Any

from toril.cli.errors import BadTarget
from toril.jobs import Catalog, Contract, resolve
from toril.worker import Handlers


def load_handlers(target: str) -> Handlers:
    """The `Handlers` that MODULE:NAME names.

    Raises:
        BadTarget: there is no such thing, it cannot be imported, or it is something else, or empty.
    """
    module, name = _import(target)
    if not hasattr(module, name):
        raise BadTarget(target, f"module {module.__name__} has no {name!r}")
    found = getattr(module, name)
    if not isinstance(found, Handlers):
        raise BadTarget(target, f"is {_described(found)}, not Handlers of toril.worker")
    if not found.queues():
        raise BadTarget(target, "has no handlers: register them with @handlers.handles(…) in that module")
    return found


def load_contract(target: str) -> Contract[Any, Any]:
    """The contract that MODULE:NAME names.

    Raises:
        BadTarget: the module cannot be imported.
        UnknownContract: it has no contract of that name.
    """
    _import(target)
    return resolve(target)


def load_catalog(module: str) -> Catalog:
    """The contracts of a module.

    Raises:
        BadTarget: the module cannot be imported.
        NoContracts: it has none.
    """
    if not _is_module(module):
        raise BadTarget(module, "expected MODULE, such as app.contracts")
    _import_module(module, module)
    return Catalog.load(module)


def _import(target: str) -> tuple[ModuleType, str]:
    module, _, name = target.partition(":")
    if not name.isidentifier() or not _is_module(module):
        raise BadTarget(target, "expected MODULE:NAME, such as app.jobs:name")
    return _import_module(target, module), name


def _is_module(text: str) -> bool:
    return all(part.isidentifier() for part in text.split("."))


def _import_module(target: str, module: str) -> ModuleType:
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


def _import_failed(target: str, module_name: str, error: BaseException) -> BadTarget:
    innermost = traceback.extract_tb(error.__traceback__)[-1]
    last_line = traceback.format_exception_only(error)[-1].strip()
    where = "" if "importlib" in innermost.filename else f" ({innermost.filename}:{innermost.lineno})"
    return BadTarget(target, f"importing {module_name} failed: {last_line}{where}")


def _described(found: object) -> str:
    return f"the class {found.__qualname__}" if isinstance(found, type) else f"a {type(found).__qualname__}"
