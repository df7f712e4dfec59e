"""The children of a job that runs: adding them, waiting for them, and what came of them."""

from collections.abc import Iterable
from typing import NamedTuple

from toril.bull.bounds import MOST_JOBS_A_FLOW
from toril.bull.codec import text
from toril.bull.connection import Connection
from toril.bull.flows import FlowJobs, FlowQueue, Parent
from toril.bull.inspect import Child, ChildState
from toril.bull.inspect.children import ChildrenReader
from toril.bull.keys import QueueKeys
from toril.bull.scripts import load


class EndedChild(NamedTuple):
    """A child that is through, as its parent notes it.

    `name` is None if the child was removed. `result`, JSON, is there if it completed; `failed_reason` if its
    failure is ignored.
    """

    queue: str
    job_id: str
    name: str | None
    result: str | None
    failed_reason: str | None


class JobChildren:
    """What jobs of one queue do with their children.

    Every method raises BrokerUnavailable if Redis does not answer.
    """

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._reader = ChildrenReader(connection, keys)
        self._flows = FlowQueue(connection, keys.prefix)
        self._read_names = load("flows/read_names")

    async def add(self, job_id: str, flows: Iterable[FlowJobs]) -> None:
        """Adds trees of jobs as children of a job, each tree whole or not at all.

        Raises:
            FlowRefused: a job that exists already cannot become a child of this one.
            JobNotFound: the job was removed.
        """
        await self._flows.add(flows, parent=Parent(self._keys.queue, job_id))

    async def are_pending(self, job_id: str) -> bool:
        """Whether the job has children that have not ended."""
        return (await self._reader.children_counts(job_id)).unprocessed > 0

    async def first_failed(self, job_id: str) -> str | None:
        """The key of a child by whose failure the job fails too, if there is one."""
        page = await self._reader.children(job_id, ChildState.FAILED, limit=1)
        return page.children[0].key if page.children else None

    async def ended(self, job_id: str) -> list[EndedChild]:
        """All children that completed, with their results, and those whose failures are ignored."""
        children = [
            child
            for state in (ChildState.PROCESSED, ChildState.IGNORED)
            async for child in self._reader.each_child(job_id, state)
        ]
        names = await self._names([child.key for child in children])
        return [_ended(child, name) for child, name in zip(children, names, strict=True)]

    async def _names(self, keys: list[str]) -> list[str | None]:
        names: list[str | None] = []
        for start in range(0, len(keys), MOST_JOBS_A_FLOW):
            some = keys[start : start + MOST_JOBS_A_FLOW]
            replies = await self._connection.run(self._read_names, [self._keys.meta], some)
            names += [None if name is None else text(name) for name in replies]
        return names


def _ended(child: Child, name: str | None) -> EndedChild:
    base, _, job_id = child.key.rpartition(":")
    return EndedChild(base.rpartition(":")[2], job_id, name, child.result, child.failed_reason)
