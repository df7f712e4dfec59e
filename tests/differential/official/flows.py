"""Flows, as FlowProducer adds them: one script a job, then one for each parent, in one transaction."""

from collections.abc import Sequence

from differential.adding import Parent, add_call
from differential.official.queue import OfficialQueue
from differential.options import job_options
from differential.scripts import NPM, Call

from toril.bull.flows import FlowJob
from toril.bull.keys import QueueKeys
from toril.types import OnFailure

FLAGS = {
    OnFailure.FAIL_PARENT: "fpof",
    OnFailure.CONTINUE_PARENT: "cpof",
    OnFailure.IGNORE: "idof",
    OnFailure.REMOVE: "rdof",
    OnFailure.KEEP_WAITING: None,
}


class OfficialFlows(OfficialQueue):
    """Trees of jobs come, on this queue and others of its prefix."""

    def add_flow(self, flow: Sequence[FlowJob], parent: tuple[str, str] | None = None) -> str | None:
        """Adds a tree; None, or the id of the first job that was refused. `parent` is (queue, id)."""
        replies = [self._scripts.run(self._add_call(job, flow, parent)) for job in flow]
        parents = [each for job in flow if (each := _parent_of(job, flow, parent))]
        for queue, job_id in dict.fromkeys(parents):
            self._scripts.run(self._release_call(self._keys_of(queue), job_id))
        refused = [job for job, reply in zip(flow, replies, strict=True) if not isinstance(reply, bytes)]
        return refused[0].job_id if refused else None

    def _add_call(self, job: FlowJob, flow: Sequence[FlowJob], outer: tuple[str, str] | None) -> Call:
        keys, parent = self._keys_of(job.queue), _parent_of(job, flow, outer)
        options = job_options(job.options, job.job_id if job.has_own_id else None)
        if parent:
            queue, parent_id = parent
            flag = FLAGS[job.on_failure]
            options |= {"parent": {"id": parent_id, "queue": self._keys_of(queue).qualified}}
            options |= {flag: True} if flag else {}
        return add_call(
            keys,
            self._now,
            job.name,
            job.data,
            options,
            job_id=job.job_id,
            parent=Parent(parent[1], parent[0], FLAGS[job.on_failure]) if parent else None,
            waits_for_children=job.waits,
            in_flow=True,
        )

    def _release_call(self, keys: QueueKeys, job_id: str) -> Call:
        parent_key = keys.job(job_id)
        return Call(
            f"{NPM}releaseParentIfNoPendingDependencies-2",
            [parent_key, f"{parent_key}:dependencies"],
            [keys.qualified, job_id, self._now],
        )

    def _keys_of(self, queue: str) -> QueueKeys:
        return QueueKeys(queue, prefix=self.keys.prefix)


def _parent_of(
    job: FlowJob, flow: Sequence[FlowJob], outer: tuple[str, str] | None
) -> tuple[str, str] | None:
    return outer if job.parent is None else (flow[job.parent].queue, flow[job.parent].job_id)
