"""The children of a job: how many, where they stand, and what came of them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from toril.bull.codec import text
from toril.bull.inspect.reader import QueueReader

MOST_CHILDREN_A_PAGE = 1000


class ChildState(StrEnum):
    """What a parent notes of its children. The names are BullMQ's.

    PROCESSED are completed. UNPROCESSED have not ended: the parent waits for them. IGNORED have failed, and
    the parent goes on without them. FAILED have failed, and the parent fails for them.
    """

    PROCESSED = "processed"
    UNPROCESSED = "unprocessed"
    IGNORED = "ignored"
    FAILED = "failed"


class Child(NamedTuple):
    """A child of a job.

    `key` is its whole key, `prefix:queue:id`, as it may be in another queue. `result`, the JSON text of what
    it returned, is there if it was processed, `failed_reason` if its failure was ignored.
    """

    key: str
    result: str | None = None
    failed_reason: str | None = None


class ChildrenPage(NamedTuple):
    """Some children, in no order, and the cursor by which the next ones are read; None after the last."""

    children: tuple[Child, ...]
    next_cursor: int | None


@dataclass(frozen=True, slots=True)
class ChildrenCounts:
    """How many children a job has of each kind; see `ChildState`."""

    processed: int = 0
    unprocessed: int = 0
    ignored: int = 0
    failed: int = 0


class ChildrenReader(QueueReader):
    """Reads the children of jobs."""

    async def children_counts(self, job_id: str) -> ChildrenCounts:
        """How many children a job has of each kind, all at one moment; none for a job that is no parent."""
        return ChildrenCounts(*await self._run("count_children", [job_id]))

    async def children(
        self, job_id: str, state: ChildState, *, cursor: int = 0, limit: int = 100
    ) -> ChildrenPage:
        """Some children of a job. Those that change meanwhile may be missing, or come twice.

        Args:
            cursor: 0 at first, then the `next_cursor` of the page before.
            limit: about how many, at most 1,000; of the small sets that Redis keeps packed, all come at once.
        """
        most = min(max(limit, 1), MOST_CHILDREN_A_PAGE)
        match state:
            case ChildState.PROCESSED:
                values, following = await self._scan_hash(self.keys.processed(job_id), cursor, most)
                found = [Child(key, result=value) for key, value in values.items()]
            case ChildState.IGNORED:
                values, following = await self._scan_hash(self.keys.ignored(job_id), cursor, most)
                found = [Child(key, failed_reason=value) for key, value in values.items()]
            case ChildState.UNPROCESSED:
                following, members = await self._scan("SSCAN", self.keys.dependencies(job_id), cursor, most)
                found = [Child(text(key)) for key in members]
            case ChildState.FAILED:
                failed, last = self.keys.unsuccessful(job_id), cursor + most - 1
                members: list[bytes] = await self._connection.execute("ZRANGE", failed, cursor, last)
                following = last + 1 if len(members) == most else 0
                found = [Child(text(key)) for key in members]
        return ChildrenPage(tuple(found), following or None)

    async def each_child(self, job_id: str, state: ChildState) -> AsyncIterator[Child]:
        """All children of a kind, read page by page, each told once.

        The keys of those told are remembered until the end, as Redis may name one twice.
        """
        told: set[str] = set()
        cursor: int | None = 0
        while cursor is not None:
            page = await self.children(job_id, state, cursor=cursor, limit=MOST_CHILDREN_A_PAGE)
            for child in page.children:
                if child.key not in told:
                    told.add(child.key)
                    yield child
            cursor = page.next_cursor

    async def _scan_hash(self, key: str, cursor: int, most: int) -> tuple[Mapping[str, str], int]:
        following, flat = await self._scan("HSCAN", key, cursor, most)
        pairs = zip(flat[::2], flat[1::2], strict=True)
        return {text(name): text(value) for name, value in pairs}, following

    async def _scan(self, command: str, key: str, cursor: int, most: int) -> tuple[int, list[bytes]]:
        following, members = await self._connection.execute(command, key, cursor, "COUNT", most)
        return int(following), members
