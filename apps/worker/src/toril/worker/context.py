"""What a handler is given beside its job."""

from collections.abc import Iterable
from typing import Any

from toril.bull.children import JobChildren
from toril.bull.feedback import JobFeedback
from toril.bull.flows import flow_jobs
from toril.bull.intake import TakenJob
from toril.jobs import Child, Flow, Job
from toril.jobs.flows import flow_nodes
from toril.worker.children import Children
from toril.worker.job_run import JobRun
from toril.worker.signals import FailedByChild, MovedToWaitingChildren


class JobContext(JobRun):
    """One run of one job, as its coroutine handler sees it."""

    __slots__ = ("_children", "_feedback")

    def __init__(self, job: TakenJob, queue: str, feedback: JobFeedback, children: JobChildren) -> None:
        super().__init__(job, queue)
        self._feedback = feedback
        self._children = children

    async def progress(self, fraction: float, note: str | None = None) -> None:
        """Tells those who watch how far the job is.

        Args:
            fraction: 0.0 to 1.0.
            note: a word to people.

        Raises:
            ValueError: `fraction` is out of range.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.progress(self._job.id, fraction, note)

    async def log(self, line: str) -> None:
        """Adds a line to the job's log, which handles, the command line and dashboards show.

        The log keeps as many lines as the job says, else the newest 1,000; each is cut at 10,000 characters.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.log(self._job.id, line, limit=self._job.options.log_limit)

    async def save(self, job: Job[Any]) -> None:
        """Stores the changed payload: what the job's next run begins with. A run that waits for its children
        begins again from the top afterwards, so note in it how far this one came.

        Args:
            job: the one that the handler was given, or one of its class.

        Raises:
            ValueError: a job of another contract.
            InvalidPayload: it does not fit its contract; nothing is stored.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.save(self._job.id, self._encode(job))

    async def children(self) -> Children:
        """What came of the job's children: their results, and the failures that do not stop it.

        All results are read into memory.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        return Children(await self._children.ended(self._job.id))

    async def add_children(self, children: Iterable[Job[Any] | Flow[Any] | Child[Any]]) -> None:
        """Adds any number of children to this job, on any queues; then `wait_for_children` waits for them.

        A run that is tried again adds them again, unless they have a `job_id`: those stay as they are.

        Args:
            children: as in a `Flow`; read as they are sent. Each is added whole or not at all.

        Raises:
            InvalidPayload, InvalidJobOptions, FlowTooLarge: one of them cannot be added; those before may be.
            FlowRefused: a job that exists already cannot become this one's child; those beside it may be.
            JobNotFound: this job was removed.
            BrokerUnavailable: Redis did not answer; some of them may have been added.
        """
        await self._children.add(self._job.id, (flow_jobs(flow_nodes(child)) for child in children))

    async def wait_for_children(self) -> None:
        """Goes on if no child is left to wait for. Otherwise ends this run here; the job runs again, from its
        beginning, when its children are through.

        No attempt is burnt, and the worker is free meanwhile. A child that failed for good and is to fail its
        parent fails this job for good. What ends the run is no `Exception`, so `except Exception` lets it
        pass.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        failed = await self._children.first_failed(self._job.id)
        if failed is not None:
            raise FailedByChild(failed)
        if await self._children.are_pending(self._job.id):
            raise MovedToWaitingChildren
