"""A job that was enqueued, as its producer sees it."""

import time
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from toril.backend.errors import JobFailed
from toril.backend.services.watcher import JobWatcher, Subscription
from toril.bull.admin import QueueAdmin
from toril.bull.errors import BrokerUnavailable, JobNotFound
from toril.bull.inspect import JobOutcome, QueueInspector
from toril.jobs import Contract
from toril.types import EventKind, JobEvent, JobRecord, JobState, JobUpdate

R = TypeVar("R", covariant=True)

# Events tell when a job ends. Should one be missed (trimmed away, lost with a failover), the job is looked up
# this often, in seconds.
LOOK_EVERY = 5.0

_STATE_AFTER = {
    EventKind.WAITING: JobState.WAITING,
    EventKind.DELAYED: JobState.DELAYED,
    EventKind.ACTIVE: JobState.ACTIVE,
    EventKind.WAITING_CHILDREN: JobState.WAITING_CHILDREN,
    EventKind.STALLED: JobState.WAITING,
    EventKind.COMPLETED: JobState.COMPLETED,
    EventKind.FAILED: JobState.FAILED,
}


class JobHandle(Generic[R]):
    """A job in its queue. Cheap to hold and to throw away; the job does not depend on it."""

    __slots__ = ("_admin", "_contract", "_inspector", "_watcher", "job_id")

    def __init__(
        self,
        job_id: str,
        contract: Contract[Any, R],
        inspector: QueueInspector,
        admin: QueueAdmin,
        watcher: JobWatcher,
    ) -> None:
        self.job_id = job_id
        self._contract = contract
        self._inspector = inspector
        self._admin = admin
        self._watcher = watcher

    def __repr__(self) -> str:
        return f"<JobHandle {self.queue}/{self._contract.name} {self.job_id}>"

    @property
    def queue(self) -> str:
        return self._inspector.keys.queue

    async def result(self, timeout: float | None = None) -> R:
        """Waits for the job's end and answers with its result, validated by its contract.

        Args:
            timeout: how many seconds to wait; None for as long as it takes.

        Raises:
            JobFailed: the job failed for good; the error has the reason and the worker's stack traces.
            TimeoutError: it has not ended in time. It goes on all the same.
            JobNotFound: there is no such job: it was removed, perhaps because its contract keeps none.
            InvalidResult: a worker of another release stored a result that does not fit the contract.
            BrokerUnavailable: Redis did not answer within the time, or, without one, when it was asked first.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._watcher.follow(self._inspector.keys, self.job_id) as subscription:
            await self._watcher.listen(self._inspector.keys)
            outcome = await self._inspector.outcome(self.job_id)
            while outcome is None:
                left = LOOK_EVERY if deadline is None else min(deadline - time.monotonic(), LOOK_EVERY)
                if left <= 0:
                    raise TimeoutError(f"{self!r} has not ended within {timeout:g} s")
                outcome = await self._next_outcome(subscription, left)
        return self._answer(outcome)

    async def updates(self) -> AsyncIterator[JobUpdate]:
        """Follows the job: where it stands now, then each change of its state and progress, until it ends.

        Raises:
            JobNotFound: there is no such job, or it is removed meanwhile.
            BrokerUnavailable: Redis did not answer when it was asked first.
        """
        with self._watcher.follow(self._inspector.keys, self.job_id) as subscription:
            await self._watcher.listen(self._inspector.keys)
            current = await self._current()
            yield current
            while not current.state.is_final:
                event = await subscription.next(LOOK_EVERY)
                latest = await self._current() if event is None else _after(current, event)
                if event is not None and event.kind is EventKind.REMOVED:
                    raise JobNotFound(self.queue, self.job_id)
                if latest != current:
                    current = latest
                    yield current

    async def cancel(self) -> None:
        """Removes the job, if it has not been started yet.

        Raises:
            JobNotFound: there is no such job.
            JobNotCancellable: it runs already, has ended, or waits for its children.
            BrokerUnavailable: Redis did not answer.
        """
        await self._admin.cancel(self.job_id)

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
        return await self._inspector.logs(self.job_id)

    async def _next_outcome(self, subscription: Subscription, timeout: float) -> JobOutcome | None:
        event = await subscription.next(timeout)
        if event is not None and event.kind is EventKind.COMPLETED and event.result is not None:
            return JobOutcome(JobState.COMPLETED, event.result.encode(), None, ())
        if event is not None and event.kind not in (EventKind.FAILED, EventKind.REMOVED):
            return None
        try:
            return await self._inspector.outcome(self.job_id)
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

    async def _current(self) -> JobUpdate:
        record = await self.record()
        return JobUpdate(record.state or JobState.WAITING, record.progress)


def _after(update: JobUpdate, event: JobEvent) -> JobUpdate:
    if event.kind is EventKind.PROGRESS:
        return JobUpdate(update.state, event.progress)
    return JobUpdate(_STATE_AFTER.get(event.kind, update.state), update.progress)
