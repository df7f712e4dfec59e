"""A catalog of contracts, and how one is found by its name."""

import importlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, Self

from toril.jobs.contract import Contract
from toril.jobs.errors import DuplicateContract, InvalidReference, NoContracts, UnknownContract, UnknownModule
from toril.jobs.places import full_name
from toril.jobs.schemas import Job

AnyContract = Contract[Any, Any]


class Catalog:
    """Contracts by queue and name, in the order in which they were added.

    Raises:
        DuplicateContract: two of them have one name in one queue.
    """

    def __init__(self, contracts: Iterable[AnyContract] = ()) -> None:
        self._by_key: dict[tuple[str, str], AnyContract] = {}
        for contract in contracts:
            self.add(contract)

    @classmethod
    def load(cls, module: str) -> Self:
        """The contracts that a module declares or imports. The module is imported, and so runs.

        Args:
            module: `package.module`.

        Raises:
            UnknownModule: there is no such module.
            NoContracts: it has none.
        """
        catalog = cls(_contracts_of(_imported(module)).values())
        if not len(catalog):
            raise NoContracts(module)
        return catalog

    def add(self, contract: AnyContract) -> None:
        """Adds a contract; one that is there already changes nothing.

        Raises:
            DuplicateContract: another one has its name in its queue.
        """
        known = self._by_key.setdefault(contract.key, contract)
        if known is not contract:
            names = full_name(known.job_type), full_name(contract.job_type)
            raise DuplicateContract(*contract.key, names, (known.place, contract.place))

    def find(self, queue: str, name: str) -> AnyContract:
        """The contract of a job by the names that stand on the wire.

        Raises:
            UnknownContract: there is none; the message lists those there are.
        """
        contract = self._by_key.get((queue, name))
        if contract is None:
            raise UnknownContract(f"{queue}/{name}", ("/".join(key) for key in self._by_key))
        return contract

    def __contains__(self, key: tuple[str, str]) -> bool:
        return key in self._by_key

    def __iter__(self) -> Iterator[AnyContract]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)


def resolve(reference: str) -> AnyContract:
    """The contract that `package.module:Name` names. The module is imported, and so runs.

    Raises:
        InvalidReference: it is not of that form.
        UnknownModule: there is no such module.
        UnknownContract: no contract in it has that name; the message lists those there are.
    """
    module, _, name = reference.partition(":")
    if not name or not all(part.isidentifier() for part in module.split(".")):
        raise InvalidReference(reference)
    contracts = _contracts_of(_imported(module))
    if name not in contracts:
        raise UnknownContract(reference, (f"{module}:{known}" for known in contracts))
    return contracts[name]


def _imported(module: str) -> ModuleType:
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        # Only where the module itself is missing: what it fails to import is its own fault, and shows.
        if error.name is None or not f"{module}.".startswith(f"{error.name}."):
            raise
        raise UnknownModule(module) from error


def _contracts_of(module: ModuleType) -> dict[str, AnyContract]:
    return {
        name: value.contract()
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Job) and value.__contract__ is not None
    }
