"""Flows, through toril.bull."""

from collections.abc import Sequence

from differential.ours.queue import OurQueue

from toril.bull.errors import FlowRefused, JobNotFound
from toril.bull.flows import FlowJob, FlowQueue, Parent


class OurFlows(OurQueue):
    """Trees of jobs come."""

    def add_flow(self, flow: Sequence[FlowJob], parent: tuple[str, str] | None = None) -> str | None:
        queue = FlowQueue(self._connection, self.keys.prefix)
        above = Parent(*parent) if parent else None
        try:
            self._wait_for(queue.add([flow], parent=above, now=self.clock.now))
        except FlowRefused as refusal:
            return refusal.job_id
        except JobNotFound:
            return flow[0].job_id
        return None
