"""What came of a job's children, as its handler reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from toril.bull.children import EndedChild
from toril.bull.codec import decode_json
from toril.jobs import Contract, HasContract, InvalidResult

J = TypeVar("J")
R = TypeVar("R")
Result = TypeVar("Result", covariant=True)


@dataclass(frozen=True, slots=True)
class ChildResult(Generic[Result]):
    """What a child returned. `name` is the job's, or None if the child was removed meanwhile."""

    queue: str
    job_id: str
    name: str | None
    result: Result


@dataclass(frozen=True, slots=True)
class IgnoredFailure:
    """A child that failed for good, and why, where its parent goes on without it."""

    queue: str
    job_id: str
    name: str | None
    reason: str


class Children:
    """The children of a job that are through, in no particular order.

    Attributes:
        results: what those that completed returned, as the JSON is, whatever their contracts.
        ignored_failures: those that failed for good under CONTINUE_PARENT or IGNORE.
    """

    def __init__(self, ended: Sequence[EndedChild]) -> None:
        self._completed = [(child, child.result) for child in ended if child.result is not None]
        self.ignored_failures = tuple(
            IgnoredFailure(child.queue, child.job_id, child.name, child.failed_reason)
            for child in ended
            if child.failed_reason is not None
        )

    @property
    def results(self) -> tuple[ChildResult[Any], ...]:
        return tuple(_result(child, decode_json(json)) for child, json in self._completed)

    def of(self, contract: HasContract[J, R]) -> list[ChildResult[R]]:
        """What the children of one class of jobs returned, validated.

        A child that was removed meanwhile, because its contract keeps none, has lost its name: it counts as
        one of these if it was in their queue and its result fits.

        Raises:
            NotAContract: the class has no name.
            InvalidResult: a worker of another release stored a result that does not fit.
        """
        wanted = contract.contract()
        return [
            _result(child, wanted.decode_result(json))
            for child, json in self._completed
            if child.queue == wanted.queue.name
            and (child.name == wanted.name or (child.name is None and _fits(json, wanted)))
        ]


def _result(child: EndedChild, result: R) -> ChildResult[R]:
    return ChildResult(child.queue, child.job_id, child.name, result)


def _fits(json: str, contract: Contract[Any, Any]) -> bool:
    try:
        contract.decode_result(json)
    except InvalidResult:
        return False
    return True
