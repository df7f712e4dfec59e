"""A job that was enqueued, as its producer sees it."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, TypeVar

from toril.backend.errors import JobFailed
from toril.backend.services.deadline import Deadline
from toril.backend.services.steered_job import SteeredJob
from toril.backend.services.watcher import JobWatcher, Subscription
from toril.bull.admin import Cancellation, QueueAdmin
from toril.bull.errors import BrokerUnavailable, JobNotCancellable, JobNotFound
from toril.bull.inspect import JobOutcome, QueueInspector
from toril.jobs import Contract
from toril.types import EventKind, JobEvent, JobRecord, JobState, JobUpdate

R = TypeVar("R", covariant=True)

# Events tell when a job ends. Should one be missed (trimmed away, lost with a failover), the job is looked up
# this often, in seconds.
LOOK_EVERY = 5.0

_STATE_AFTER = {
    EventKind.DELAYED: JobState.DELAYED,
    EventKind.ACTIVE: JobState.ACTIVE,
    EventKind.WAITING_CHILDREN: JobState.WAITING_CHILDREN,
    EventKind.COMPLETED: JobState.COMPLETED,
    EventKind.FAILED: JobState.FAILED,
}


class JobHandle(SteeredJob[R]):
    """A job in its queue. Cheap to hold and to throw away; the job does not depend on it.

    Attributes:
        job_id: the job's; if another one has the custom id or holds the deduplication key, that one's.
        is_new: whether the call that answered with this handle added the job. It did not if there was one
            that has the custom id or holds the deduplication key; `handle()` never does. The jobs of a flow
            count as new.
    """

    __slots__ = ("_inspector", "_watcher", "is_new")

    def __init__(
        self,
        job_id: str,
        contract: Contract[Any, R],
        inspector: QueueInspector,
        admin: QueueAdmin,
        watcher: JobWatcher,
        *,
        is_new: bool = True,
    ) -> None:
        super().__init__(job_id, contract, admin)
        self._inspector = inspector
        self._watcher = watcher
        self.is_new = is_new

    def __repr__(self) -> str:
        return f"<JobHandle {self.queue}/{self._contract.name} {self.job_id}>"

    @property
    def contract(self) -> Contract[Any, R]:
        """What its result is read by."""
        return self._contract

    @property
    def queue(self) -> str:
        return self._inspector.keys.queue

    async def result(self, timeout: float | None = None) -> R:
        """Waits for the job's end and answers with its result, validated by its contract.

        Args:
            timeout: how many seconds to wait; None for as long as it takes. Redis may take half a second to
                answer even if this is less, so that a timeout of 0 is a look.

        Raises:
            JobFailed: the job failed for good; the error has the reason and the worker's stack traces.
            TimeoutError: it has not ended in time. It goes on all the same.
            JobNotFound: there is no such job: it was removed, perhaps because its contract keeps none.
            InvalidResult: a worker of another release stored a result that does not fit the contract.
            BrokerUnavailable: Redis did not answer when it was asked first, within `timeout` or 10 seconds;
                nothing is known of the job then. Later silence is waited out.
            ServiceClosed: the service was left, before or meanwhile.
        """
        return self._answer(await self._outcome(timeout))

    async def cancel(self, *, timeout: float | None = 10.0) -> None:
        """Removes the job, if it waits to be started. Has one that runs stopped, and waits for its end.

        A worker of ours raises CancelledError in the handler within a second, or as it next renews the lock.
        The handler may clean up for as long as the worker's `grace`; then the job fails for good with the
        reason "cancelled", whatever attempts it has left. A handler that does not end by then loses its
        lock, and its result is refused. A Node worker cannot be told: what it returns counts, but if it fails
        or dies, the job is not tried again.

        Args:
            timeout: how many seconds to wait for the end of a job that runs; None for as long as it takes.

        Raises:
            JobNotFound: there is no such job.
            JobNotCancellable: it has ended (perhaps just now, with a result), waits for its children, or is
                the next run of a schedule.
            TimeoutError: it runs and has not ended in time; it will be cancelled all the same, as soon as its
                handler ends or its worker is gone.
            BrokerUnavailable: Redis did not answer; the job may have been cancelled. Cancel it again.
            ServiceClosed: the service was left, before or meanwhile.
        """
        if await self._admin.cancel(self.job_id) is Cancellation.REMOVED:
            return
        # A job whose contract keeps none that failed is gone once it has been cancelled.
        with suppress(JobNotFound):
            outcome = await self._outcome(timeout)
            if outcome.state is JobState.COMPLETED:
                raise JobNotCancellable(self.queue, self.job_id, outcome.state)

    async def updates(self) -> AsyncIterator[JobUpdate]:
        """Follows the job: where it stands now, then each change of its state and progress, until it ends.

        Raises:
            JobNotFound: there is no such job, or it is removed meanwhile.
            BrokerUnavailable: Redis did not answer when it was asked.
            ServiceClosed: the service was left, before or meanwhile.
        """
        with self._watcher.follow(self._inspector.keys, self.job_id) as subscription:
            await self._watcher.listen(self._inspector.keys, Deadline(None))
            record = await self.record()
            current = _standing(record)
            yield current
            while not current.state.is_final:
                event = await subscription.next(LOOK_EVERY)
                if event is None:
                    record = await self.record()
                    latest = _standing(record)
                elif event.kind is EventKind.REMOVED:
                    raise JobNotFound(self.queue, self.job_id)
                else:
                    latest = _after(current, event, record.priority)
                if latest != current:
                    current = latest
                    yield current

    async def state(self) -> JobState:
        """Where the job stands.

        Raises:
            JobNotFound: there is no such job.
            BrokerUnavailable: Redis did not answer.
        """
        state = await self._inspector.state(self.job_id)
        if state is None:
            raise JobNotFound(self.queue, self.job_id)
        return state

    async def record(self) -> JobRecord:
        """Everything that stands in Redis of the job.

        Raises:
            JobNotFound: there is no such job.
            BrokerUnavailable: Redis did not answer.
        """
        record = await self._inspector.job(self.job_id)
        if record is None:
            raise JobNotFound(self.queue, self.job_id)
        return record

    async def logs(self) -> list[str]:
        """The lines that the job's handler has logged, oldest first.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        return (await self._inspector.logs(self.job_id)).lines

    async def _outcome(self, timeout: float | None) -> JobOutcome:
        deadline = Deadline(timeout)
        with self._watcher.follow(self._inspector.keys, self.job_id) as subscription:
            await self._watcher.listen(self._inspector.keys, deadline)
            outcome = await self._inspector.outcome(self.job_id, timeout=deadline.for_call())
            while outcome is None:
                if deadline.left() <= 0:
                    raise TimeoutError(f"{self!r} has not ended within {timeout:g} s")
                outcome = await self._next_outcome(subscription, deadline)
        return outcome

    async def _next_outcome(self, subscription: Subscription, deadline: Deadline) -> JobOutcome | None:
        event = await subscription.next(min(deadline.left(), LOOK_EVERY))
        if event is not None and event.kind is EventKind.COMPLETED and event.result is not None:
            return JobOutcome(JobState.COMPLETED, event.result.encode(), None, ())
        if event is not None and event.kind not in (EventKind.FAILED, EventKind.REMOVED):
            return None
        try:
            return await self._inspector.outcome(self.job_id, timeout=deadline.for_call())
        except JobNotFound:
            if event is None or event.failed_reason is None:
                raise
            # Its contract keeps no failed jobs: the event is all that is left of it.
            return JobOutcome(JobState.FAILED, None, event.failed_reason, ())
        except BrokerUnavailable:
            return None

    def _answer(self, outcome: JobOutcome) -> R:
        if outcome.state is JobState.FAILED:
            raise JobFailed(self.queue, self.job_id, outcome.failed_reason or "", outcome.stacktrace)
        return self._contract.decode_result(outcome.result or b"null")


def _standing(record: JobRecord) -> JobUpdate:
    return JobUpdate(record.state or _waiting(record.priority), record.progress)


def _after(update: JobUpdate, event: JobEvent, priority: int) -> JobUpdate:
    if event.kind is EventKind.PROGRESS:
        return JobUpdate(update.state, event.progress)
    if event.kind in (EventKind.WAITING, EventKind.STALLED):
        return JobUpdate(_waiting(priority), update.progress)
    return JobUpdate(_STATE_AFTER.get(event.kind, update.state), update.progress)


def _waiting(priority: int) -> JobState:
    """How a job of that priority waits: the event is the same for both."""
    return JobState.PRIORITIZED if priority else JobState.WAITING
