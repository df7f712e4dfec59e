"""The handles of many jobs, without keeping an object for each."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar, overload

from toril.backend.services.job_handle import JobHandle
from toril.jobs import Contract

R = TypeVar("R", covariant=True)


class _Run(NamedTuple):
    """Consecutive numbers given to new jobs of one contract, or one other id."""

    contract: Contract[Any, Any]
    first: int
    length: int
    other_id: str | None
    is_new: bool = True


class JobHandles(Sequence[JobHandle[R]], Generic[R]):
    """The handles of the jobs of one `enqueue_many`, in order. A handle is made when it is asked for.

    Redis numbers the jobs of a batch one after the other, so a million of them take no more room than one.
    """

    def __init__(self, make: Callable[[str, Contract[Any, Any], bool], JobHandle[Any]]) -> None:
        self._make = make
        self._runs: list[_Run] = []
        self._starts: list[int] = []
        self._length = 0

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> JobHandle[R]: ...
    @overload
    def __getitem__(self, index: slice) -> list[JobHandle[R]]: ...
    def __getitem__(self, index: int | slice) -> JobHandle[R] | list[JobHandle[R]]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(self._length))]
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(f"handle {index} of {self._length}")
        at = bisect_right(self._starts, position) - 1
        run = self._runs[at]
        job_id = run.other_id or str(run.first + position - self._starts[at])
        return self._make(job_id, run.contract, run.is_new)

    def append(self, job_id: str, contract: Contract[Any, Any], is_new: bool) -> None:
        """Notes the next job's id, and whether the job is new."""
        number = int(job_id) if is_new and job_id.isdecimal() else None
        last = self._runs[-1] if self._runs else None
        self._length += 1
        if (
            last is not None
            and number is not None
            and last.other_id is None
            and last.contract is contract
            and last.first + last.length == number
        ):
            self._runs[-1] = last._replace(length=last.length + 1)
            return
        self._starts.append(self._length - 1)
        other_id = job_id if number is None else None
        self._runs.append(_Run(contract, number or 0, 1, other_id, is_new))
