"""What can be wrong with a contract, or with what is sent under it.

JobsError
├── ContractError          a contract cannot be declared as it stands
│   ├── InvalidPolicy      a queue's name, a retry, a timeout: a value out of range
│   ├── InvalidContract    a class that cannot be a contract; names the class and where it stands
│   ├── DuplicateContract  two classes for one (queue, name); names both places
│   └── NotAContract       contract() was asked of a class that has no name
├── InvalidFlow            jobs that cannot be put together so
├── InvalidData            a value does not fit its contract; lists the fields, never what was in them
│   ├── InvalidPayload     what goes to a handler
│   └── InvalidResult      what a handler returned
└── CatalogError           a contract is not where it was looked for
    ├── InvalidReference   not of the form "package.module:Name"
    ├── UnknownModule      no such module
    ├── NoContracts        a module without contracts
    └── UnknownContract    no contract of that name; lists those there are

Every error carries the fields that its constructor takes, and survives the way between two processes.
"""

from collections.abc import Iterable
from typing import NamedTuple

MOST_NAMES_LISTED = 20


class JobsError(Exception):
    """Anything that toril.jobs raises on purpose."""

    # `args` holds what the constructor was given, so that pickle can make the error again; the message is
    # therefore made by __str__.


class ContractError(JobsError):
    """A contract cannot be declared as it stands."""


class InvalidPolicy(ContractError, ValueError):
    """A value out of range."""

    def __init__(self, setting: str, value: object, rule: str) -> None:
        super().__init__(setting, value, rule)
        self.setting = setting
        self.value = value
        self.rule = rule

    def __str__(self) -> str:
        return f"{self.setting}={self.value!r}: {self.rule}"


class InvalidContract(ContractError, TypeError):
    """A class that cannot be a contract.

    Attributes:
        contract: the class, as `module.Name`.
        place: where it stands, as `file:line`.
    """

    def __init__(self, contract: str, place: str, fault: str) -> None:
        super().__init__(contract, place, fault)
        self.contract = contract
        self.place = place
        self.fault = fault

    def __str__(self) -> str:
        return f"{self.contract} ({self.place}) cannot be a contract: {self.fault}"


class DuplicateContract(ContractError):
    """Two classes for one (queue, name); `places` are where the first and the second stand."""

    def __init__(self, queue: str, name: str, contracts: tuple[str, str], places: tuple[str, str]) -> None:
        super().__init__(queue, name, contracts, places)
        self.queue = queue
        self.name = name
        self.contracts = contracts
        self.places = places

    def __str__(self) -> str:
        (first, second), (first_place, second_place) = self.contracts, self.places
        return (
            f"{second} ({second_place}) declares job {self.name!r} of queue {self.queue!r}, "
            f"which {first} ({first_place}) has declared already: give one of them another name"
        )


class NotAContract(ContractError):
    """contract() was asked of a class that was declared without a name."""

    def __init__(self, contract: str) -> None:
        super().__init__(contract)
        self.contract = contract

    def __str__(self) -> str:
        return (
            f"{self.contract} is a base for contracts, not one itself: "
            'declare it as `class ...(Job[Result], queue=..., name="...")`'
        )


class InvalidFlow(JobsError, ValueError):
    """Jobs that cannot be put together so."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


class Problem(NamedTuple):
    """What is wrong with one field.

    Attributes:
        path: the way to the field, as in `passages.0.text`; empty for the value as a whole.
        reason: what is wrong, without the value.
    """

    path: str
    reason: str

    def __str__(self) -> str:
        return f"{self.path or '(whole)'}: {self.reason}"


class InvalidData(JobsError, ValueError):
    """A value does not fit its contract.

    Attributes:
        problems: the first fields that do not fit.
        omitted: how many more there are.
    """

    kind = "value"

    def __init__(self, queue: str, name: str, problems: tuple[Problem, ...], omitted: int = 0) -> None:
        super().__init__(queue, name, problems, omitted)
        self.queue = queue
        self.name = name
        self.problems = problems
        self.omitted = omitted

    def __str__(self) -> str:
        heading = f"the {self.kind} of job {self.name!r} in queue {self.queue!r} does not fit its contract"
        more = (f"and {self.omitted} more",) if self.omitted else ()
        return "\n  ".join((heading, *map(str, self.problems), *more))


class InvalidPayload(InvalidData):
    """What goes to a handler does not fit, or is not JSON."""

    kind = "payload"


class InvalidResult(InvalidData):
    """What a handler returned, or what was stored as its result, does not fit, or is not JSON."""

    kind = "result"


class CatalogError(JobsError, LookupError):
    """A contract is not where it was looked for."""


class InvalidReference(CatalogError):
    """A reference that is not of the form `package.module:Name`."""

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference

    def __str__(self) -> str:
        return f"{self.reference!r} names no contract: write it as package.module:Name"


class UnknownModule(CatalogError):
    """No such module."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module

    def __str__(self) -> str:
        return f"there is no module {self.module!r}: check its spelling and the folder that you start in"


class NoContracts(CatalogError):
    """A module in which there is no contract."""

    def __init__(self, module: str) -> None:
        super().__init__(module)
        self.module = module

    def __str__(self) -> str:
        return (
            f"module {self.module!r} has no contracts: "
            'they are declared as `class ...(Job[Result], queue=..., name="...")`'
        )


class UnknownContract(CatalogError):
    """No contract of that name; `known` are those there are."""

    def __init__(self, wanted: str, known: Iterable[str]) -> None:
        self.wanted = wanted
        self.known = tuple(known)
        super().__init__(wanted, self.known)

    def __str__(self) -> str:
        listed = ", ".join(self.known[:MOST_NAMES_LISTED]) or "none"
        more = len(self.known) - MOST_NAMES_LISTED
        return f"there is no contract {self.wanted}; there are: {listed}" + (
            f" and {more} more" if more > 0 else ""
        )
