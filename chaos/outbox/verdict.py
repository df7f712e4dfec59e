"""Whether each committed transaction yielded one job, in order, and each other one none."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What was found when all had come to rest.

    Attributes:
        committed: the writer of each transaction that was committed, by its number, in their order.
        rolled_back: those that were rolled back on purpose.
        added: the numbers of the jobs that Redis told of as added, in that order.
        left: how many rows are left in the outbox, set aside or not.
        kills: how often each was killed.
    """

    committed: Mapping[int, int]
    rolled_back: frozenset[int]
    added: Sequence[int]
    left: int
    kills: Mapping[str, int]

    def problems(self) -> Iterator[str]:
        """One line for each promise that was broken."""
        times = Counter(self.added)
        if lost := [number for number in self.committed if number not in times]:
            yield f"{len(lost)} committed transactions yielded no job: {lost[:10]}"
        if twice := [number for number, count in times.items() if count > 1]:
            yield f"{len(twice)} transactions yielded more than one job: {twice[:10]}"
        if ghosts := [number for number in times if number not in self.committed]:
            yield f"{len(ghosts)} transactions that were not committed yielded a job: {ghosts[:10]}"
        if wrong := self.rolled_back & self.committed.keys():
            yield f"{len(wrong)} transactions were committed although they were rolled back"
        if self.left:
            yield f"{self.left} rows are left in the outbox"
        for writer in sorted(set(self.committed.values())):
            mine = [number for number in self.added if self.committed.get(number) == writer]
            if mine != sorted(mine):
                yield f"the jobs of writer {writer} did not come in the order of its commits"
