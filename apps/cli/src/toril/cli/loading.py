"""Loading the contracts and migrations that the user names.

They may log as they are loaded: who calls these has called `configure_logging`.
"""

from collections.abc import Sequence
from typing import Any

from toril.jobs import Catalog, Contract, resolve
from toril.worker.errors import BadTarget
from toril.worker.process.loading import is_module, load_module


def load_contract(target: str) -> Contract[Any, Any]:
    """The contract that MODULE:NAME names.

    Raises:
        BadTarget: the module cannot be imported.
        UnknownContract: it has no contract of that name.
    """
    module, _, name = target.partition(":")
    if not name.isidentifier() or not is_module(module):
        raise BadTarget(target, "expected MODULE:NAME, such as app.jobs:name")
    load_module(target, module)
    return resolve(target)


def load_catalog(module: str) -> Catalog:
    """The contracts of a module.

    Raises:
        BadTarget: the module cannot be imported.
        NoContracts: it has none.
    """
    if not is_module(module):
        raise BadTarget(module, "expected MODULE, such as app.contracts")
    load_module(module, module)
    return Catalog.load(module)


def load_migrations(packages: Sequence[str]) -> Sequence[str]:
    """The packages, once each of them can be imported.

    Raises:
        BadTarget: one cannot.
    """
    for package in packages:
        if not is_module(package):
            raise BadTarget(package, "expected PACKAGE, such as app.migrations")
        load_module(package, package)
    return packages
