"""Everything that can be read of a queue."""

from toril.bull.inspect.ages import AgeReader
from toril.bull.inspect.children import ChildrenReader
from toril.bull.inspect.counts import CountReader
from toril.bull.inspect.events import EventPageReader
from toril.bull.inspect.jobs import JobReader
from toril.bull.inspect.meta import MetaReader
from toril.bull.inspect.metrics import MetricsReader
from toril.bull.workers import WorkerPresence, find_workers


class QueueInspector(
    CountReader, AgeReader, JobReader, ChildrenReader, EventPageReader, MetaReader, MetricsReader
):
    """Reads one queue; it changes nothing. Every method raises BrokerUnavailable if Redis does not answer."""

    async def workers(self) -> list[WorkerPresence]:
        """The workers that are connected to this queue now, Node's and ours."""
        return await find_workers(self._connection, self.keys)
