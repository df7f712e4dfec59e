"""Reading a flow as it stands: a job, its children, and theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from toril.bull.codec import decode_record, text
from toril.bull.connection import Connection
from toril.bull.errors import InvalidQuery, JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load
from toril.types import JobRecord, JobState, JobTree

MOST_LEVELS = 100
MOST_CHILDREN = 1_000
MOST_JOBS_A_TREE = 10_000
# A call reads as many jobs, with all that stands of them.
JOBS_A_CALL = 50


@dataclass
class _Node:
    record: JobRecord
    child_keys: list[str]
    omitted: int
    children: "list[_Node]" = field(default_factory=list["_Node"])


class FlowReader:
    """Reads trees of jobs over all queues of one prefix."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._script = load("flows/read_jobs")

    async def read(self, keys: QueueKeys, job_id: str, *, depth: int, max_children: int) -> JobTree:
        """The job and what is below it, level by level; a job that is changed meanwhile may be missing.

        Args:
            depth: how many levels, 1 (the job alone) to 100.
            max_children: with how many children of each kind (completed, pending, failed, ignored failures) a
                job is shown, 1 to 1,000. All in all no more than 10,000 jobs are read.

        Raises:
            InvalidQuery: `depth` or `max_children` is out of range.
            JobNotFound: there is no such job.
            BrokerUnavailable: Redis did not answer.
        """
        _check("depth", depth, MOST_LEVELS)
        _check("max_children", max_children, MOST_CHILDREN)
        root = await self._read_level(keys, [keys.job(job_id)], max_children if depth > 1 else 0)
        if not root:
            raise JobNotFound(keys.queue, job_id)
        seen = {keys.job(job_id)}
        nodes = list(root.values())
        level = nodes
        for deeper in range(depth - 2, -1, -1):
            wanted = _unseen(level, seen, MOST_JOBS_A_TREE - len(nodes))
            found = await self._read_level(keys, wanted, max_children if deeper else 0)
            for parent in level:
                parent.children = [found[key] for key in parent.child_keys if key in found]
                parent.omitted -= len(parent.children)
            level = list(found.values())
            nodes += level
        return _frozen(nodes)

    async def _read_level(self, keys: QueueKeys, wanted: Sequence[str], most: int) -> dict[str, _Node]:
        """The jobs that exist, by their keys."""
        found: dict[str, _Node] = {}
        remaining = iter(wanted)
        while some := list(islice(remaining, JOBS_A_CALL)):
            replies = await self._connection.run(self._script, [keys.meta], [most, *some])
            found |= {key: _node(key, reply) for key, reply in zip(some, replies, strict=True) if reply[1]}
        return found


def _check(query: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise InvalidQuery(query, value, f"1 to {most:,}")


def _node(key: str, reply: Sequence[Any]) -> _Node:
    state, flat, child_keys, count = reply
    base, _, job_id = key.rpartition(":")
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    standing = None if state is None else JobState(text(state))
    record = decode_record(base.rpartition(":")[2], job_id, fields, standing)
    return _Node(record, [text(child) for child in child_keys], count)


def _unseen(level: Sequence[_Node], seen: set[str], most: int) -> list[str]:
    """The children of a level that were not met before, each of which is met with this."""
    keys: list[str] = []
    for parent in level:
        parent.child_keys = [key for key in parent.child_keys if key not in seen][: most - len(keys)]
        seen.update(parent.child_keys)
        keys += parent.child_keys
    return keys


def _frozen(nodes: Sequence[_Node]) -> JobTree:
    """The tree of nodes that stand level by level: made from its leaves upwards."""
    trees: dict[int, JobTree] = {}
    for node in reversed(nodes):
        children = tuple(trees.pop(id(child)) for child in node.children)
        trees[id(node)] = JobTree(record=node.record, children=children, omitted=node.omitted)
    return trees[id(nodes[0])]
