"""A flow that was enqueued, as its producer sees it."""

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from toril.backend.services.job_handle import JobHandle
from toril.backend.services.watcher import JobWatcher
from toril.bull.admin import QueueAdmin
from toril.bull.inspect import QueueInspector
from toril.jobs import Contract, Job

R = TypeVar("R", covariant=True)
C = TypeVar("C")


class FlowHandle(JobHandle[R], Generic[R]):
    """A job of a flow, with the handles of its children, in the order in which the flow has them.

    Its result is there once all below it is through; a child that failed for good may fail it too.
    """

    __slots__ = ("children",)

    def __init__(
        self,
        job_id: str,
        contract: Contract[Any, R],
        inspector: QueueInspector,
        admin: QueueAdmin,
        watcher: JobWatcher,
        children: "Sequence[FlowHandle[Any]]",
    ) -> None:
        super().__init__(job_id, contract, inspector, admin, watcher)
        self.children = tuple(children)

    def children_of(self, contract: type[Job[C]]) -> "list[FlowHandle[C]]":
        """The children of one class of jobs, typed by its result.

        Raises:
            NotAContract: the class has no name.
        """
        wanted = contract.contract()
        return [child for child in self.children if child.contract is wanted]
