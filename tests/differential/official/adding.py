"""Adding, as BullMQ's scripts do it."""

from collections.abc import Sequence

from differential.adding import Parent, add_call
from differential.official.queue import OfficialQueue
from differential.options import Options, job_options

from toril.bull.queue import NewJob


class OfficialAdding(OfficialQueue):
    """Jobs come: what both sides have an own way for, and what only BullMQ's own producers do."""

    def add(self, jobs: Sequence[NewJob]) -> list[str]:
        """Adds jobs in order; answers with their ids."""
        calls = [
            add_call(
                self.keys,
                self._now,
                job.name,
                job.data,
                job_options(job.options, job.job_id),
                job_id=job.job_id,
            )
            for job in jobs
        ]
        return [job_id.decode() for job_id in self._scripts.run_all(calls)]

    def add_one(
        self,
        name: str,
        options: Options,
        *,
        job_id: str | None = None,
        parent: Parent | None = None,
        waits_for_children: bool = False,
    ) -> str | int:
        """Adds one job with BullMQ's own options; its id, or a negative code. See `add_call`."""
        call = add_call(
            self.keys,
            self._now,
            name,
            b"{}",
            {"attempts": 1, **options},
            job_id=job_id,
            parent=parent,
            waits_for_children=waits_for_children,
        )
        reply = self._scripts.run(call)
        return reply.decode() if isinstance(reply, bytes) else reply
