"""What a handler that runs in a thread or in a child process is given beside its job."""

from asyncio import CancelledError
from typing import Any, Protocol

from toril.bull.children import EndedChild
from toril.bull.intake import TakenJob
from toril.jobs import Job
from toril.worker.children import Children
from toril.worker.isolation.messages import Call, Log, Progress, ReadChildren, Save, WaitForChildren
from toril.worker.job_run import JobRun


class Link(Protocol):
    """The way from a handler to the task of its run."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to end."""
        ...

    def call(self, call: Call) -> list[EndedChild] | None:
        """Has the task carry something out, and waits for it.

        Raises:
            CancelledError: the run is to end.
            Exception, RunEnded: whatever was raised there.
        """
        ...


class BlockingJobContext(JobRun):
    """One run of one job, as a handler that is no coroutine sees it: every method blocks.

    Once the run is cancelled (its timeout passes, its worker stops, its lock is lost), the next call raises
    `asyncio.CancelledError`, which is no `Exception`. A handler that works for long without a call looks at
    `is_cancelled`, or calls `raise_if_cancelled`, now and then.
    """

    __slots__ = ("_link",)

    def __init__(self, job: TakenJob, queue: str, link: Link) -> None:
        super().__init__(job, queue)
        self._link = link

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is to end, and what it would return is wanted no longer."""
        return self._link.is_cancelled

    def raise_if_cancelled(self) -> None:
        """Ends the run here if it is cancelled.

        Raises:
            CancelledError: it is.
        """
        if self._link.is_cancelled:
            raise CancelledError

    def progress(self, fraction: float, note: str | None = None) -> None:
        """Tells those who watch how far the job is; see `JobContext.progress`.

        Raises:
            ValueError: `fraction` is out of range.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
            CancelledError: the run is cancelled.
        """
        self._link.call(Progress(fraction=fraction, note=note))

    def log(self, line: str) -> None:
        """Adds a line to the job's log; see `JobContext.log`.

        Raises:
            JobNotFound, BrokerUnavailable, CancelledError: as for `progress`.
        """
        self._link.call(Log(line=line))

    def save(self, job: Job[Any]) -> None:
        """Stores the changed payload: what the job's next run begins with; see `JobContext.save`.

        Raises:
            ValueError: a job of another contract.
            InvalidPayload: it does not fit its contract; nothing is stored.
            JobNotFound, BrokerUnavailable, CancelledError: as for `progress`.
        """
        self._link.call(Save(body=self._encode(job)))

    def children(self) -> Children:
        """What came of the job's children: their results, and the failures that do not stop it.

        Raises:
            BrokerUnavailable, CancelledError: as for `progress`.
        """
        return Children(self._link.call(ReadChildren()) or [])

    def wait_for_children(self) -> None:
        """Goes on if no child is left to wait for. Otherwise ends this run here; see
        `JobContext.wait_for_children`.

        Raises:
            BrokerUnavailable, CancelledError: as for `progress`.
        """
        self._link.call(WaitForChildren())
