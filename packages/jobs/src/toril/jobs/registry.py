"""Every contract of this process, so that no two have one name."""

from typing import Any

from toril.jobs.contract import Contract
from toril.jobs.errors import DuplicateContract
from toril.jobs.places import full_name

_declared: dict[tuple[str, str], Contract[Any, Any]] = {}


def register(contract: Contract[Any, Any]) -> None:
    """Notes a contract. One that is declared anew by a reload of its module takes its old place.

    Raises:
        DuplicateContract: another class has this name in this queue.
    """
    known = _declared.get(contract.key)
    if known is not None and not _same_class(known, contract):
        names = full_name(known.job_type), full_name(contract.job_type)
        raise DuplicateContract(*contract.key, names, (known.place, contract.place))
    _declared[contract.key] = contract


def _same_class(one: Contract[Any, Any], other: Contract[Any, Any]) -> bool:
    first, second = one.job_type, other.job_type
    if first.__qualname__ != second.__qualname__:
        return False
    # A script is known as __main__ and, to those who import it, by its own name.
    return first.__module__ == second.__module__ or _file(one) == _file(other)


def _file(contract: Contract[Any, Any]) -> str:
    return contract.place.rpartition(":")[0]
