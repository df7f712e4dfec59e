"""Adding, through toril.bull."""

from collections.abc import Sequence

from differential.ours.queue import OurQueue

from toril.bull.queue import JobQueue, NewJob


class OurAdding(OurQueue):
    """Jobs come."""

    def add(self, jobs: Sequence[NewJob]) -> list[str]:
        return self._wait_for(JobQueue(self._connection, self.keys).add(jobs, now=self.clock.now))
