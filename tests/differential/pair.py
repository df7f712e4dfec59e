"""Two sides that take every step together, and whatever they then differ in."""

from collections.abc import Sequence
from typing import Any

from differential.official import Official
from differential.readable import call
from differential.side import Clock, Reply

from support.invariants import broken_rules
from support.keyspace import Snapshot, differences, snapshot

REPLY_TOLERANCE = 5.0
MOST_LINES = 30
LONGEST_LINE = 600
TOKEN = "worker:1"  # noqa: S105


class Differs(AssertionError):
    """The two sides differ; the message has the steps that led there."""


class Pair:
    """One queue on two sides. Each step is taken on both, with one time and one answer.

    Args:
        expected: the side that is right.
        found: the side that is held against it.

    Attributes:
        beside: another queue with the same prefixes and clock, if there is one.
    """

    def __init__(self, expected: Official, found: Official, steps: list[str] | None = None) -> None:
        self.expected = expected
        self.found = found
        self.clock: Clock = expected.clock
        self.beside: Pair | None = None
        self.steps = [] if steps is None else steps

    def step(self, operation: str, *arguments: Any, **named: Any) -> Any:
        """Runs a method of Official on both sides; answers with what the expected one answered."""
        self.steps.append(call(self.expected.keys.queue, operation, arguments, named))
        expected = getattr(self.expected, operation)(*arguments, **named)
        found = getattr(self.found, operation)(*arguments, **named)
        if lines := self._reply_differences(expected, found):
            raise self._differs("answer", lines)
        return expected

    def settle_and_take(self, outcomes: Sequence[Any], capacity: int = 0, token: str = TOKEN) -> Reply:
        return self.step("settle_and_take", outcomes, capacity, token)

    def take(self, capacity: int = 1, token: str = TOKEN) -> list[str]:
        """Takes jobs; answers with their ids."""
        return [job.id for job in self.settle_and_take([], capacity, token).jobs]

    def settle(self, *outcomes: Any, capacity: int = 0) -> Reply:
        return self.settle_and_take(outcomes, capacity)

    def check(self) -> None:
        """Compares every key of both sides, and holds ours to the invariants.

        Raises:
            Differs: with one line for each difference.
        """
        found = self.compare()
        if lines := broken_rules(found, self.found.keys.queue):
            raise self._differs("invariants", lines)
        if orphans := self.found.remove_orphans():
            raise self._differs("invariants", [f"BullMQ found {orphans} orphans"])

    def compare(self) -> Snapshot:
        """Compares every key of both sides, where BullMQ itself breaks the invariants."""
        expected, found = (snapshot(side.client, side.keys.prefix) for side in (self.expected, self.found))
        if lines := differences(expected, found):
            raise self._differs("keyspace", lines)
        return found

    def observed(self) -> Snapshot:
        """Every key of our side, for steps that are taken there alone."""
        return snapshot(self.found.client, self.found.keys.prefix)

    def _reply_differences(self, expected: Any, found: Any) -> list[str]:
        if not isinstance(expected, Reply):
            return [] if expected == found else [f"expected {expected!r}, found {found!r}"]
        expected, found = self._comparable(expected, self.expected), self._comparable(found, self.found)
        return [
            f"{field}: expected {wanted!r}, found {got!r}"
            for field, wanted, got in zip(Reply._fields, expected, found, strict=True)
            if not (_close(wanted, got) if field == "limited_for" else wanted == got)
        ]

    def _comparable(self, reply: Reply, side: Official) -> Reply:
        prefix = side.keys.prefix
        jobs = [
            job._replace(deferred_failure=job.deferred_failure and job.deferred_failure.replace(prefix, ""))
            for job in reply.jobs
        ]
        # BullMQ does not say whether a queue whose rate limit holds is paused as well.
        return reply._replace(jobs=jobs, blocked=reply.blocked and reply.limited_for == 0)

    def _differs(self, what: str, lines: Sequence[str]) -> Differs:
        shown = [line[:LONGEST_LINE] for line in lines[:MOST_LINES]]
        if len(lines) > MOST_LINES:
            shown.append(f"… {len(lines)} differences in all")
        return Differs("\n    ".join([f"{what} differs after", *self.steps]) + "\n" + "\n".join(shown))


def _close(wanted: float, got: float) -> bool:
    return (wanted == 0) == (got == 0) and abs(wanted - got) < REPLY_TOLERANCE
