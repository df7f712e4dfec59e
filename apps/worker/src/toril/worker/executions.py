"""The jobs that run in a worker at this moment."""

import asyncio
import time
from collections.abc import Callable, Iterable
from enum import Enum

from toril.bull.codec import UnknownSince
from toril.bull.intake import TakenJob
from toril.bull.outcomes import Completed, Failed, Outcome, Postponed, Released, Retried
from toril.worker import log
from toril.worker.execution import Executor

# Of jobs that were cancelled before they were known to run here; most of them just run elsewhere.
MOST_REMEMBERED = 100
# What a cancelled handler may take to clean up; one that goes on for longer is stuck.
STUCK_AFTER = 5.0


class _Interrupted(Enum):
    """Why a run was cancelled by its worker."""

    LOCK_LOST = "the job is no longer ours"
    WORKER_STOPS = "the worker hands it back"
    CANCELLED = "somebody cancelled the job"


class Executions:
    """Starts jobs as tasks of a worker's task group, and can cancel them.

    Args:
        ended: called after each run, when its place is free again, with its outcome, if it has one.
    """

    def __init__(
        self,
        queue: str,
        group: asyncio.TaskGroup,
        executor: Executor,
        *,
        ended: Callable[[Outcome | None], None],
    ) -> None:
        self._queue = queue
        self._group = group
        self._executor = executor
        self._ended = ended
        self._tasks: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._interrupted: dict[tuple[str, str], _Interrupted] = {}
        self._cancelled_early: dict[tuple[str, str], None] = {}
        self._cancelled_since: dict[tuple[str, str], float] = {}
        self._none_left = asyncio.Event()
        self.released = 0

    def __len__(self) -> int:
        return len(self._tasks)

    def start(self, jobs: Iterable[TakenJob]) -> None:
        for job in jobs:
            run = (job.id, job.token)
            self._tasks[run] = self._group.create_task(self._run(job, run), name=job.id)
            if self._cancelled_early and run in self._cancelled_early:
                self.cancel(job.id, job.token)

    def cancel(self, job_id: str, token: str) -> None:
        """Ends a run whose job somebody has cancelled, once it has cleaned up. Called again, it does nothing.

        A run that is not known may be about to start: that job was taken, and the answer is on its way.
        """
        run = (job_id, token)
        if run not in self._tasks:
            self._cancelled_early[run] = None
            if len(self._cancelled_early) > MOST_REMEMBERED:
                del self._cancelled_early[next(iter(self._cancelled_early))]
        elif run not in self._interrupted:
            log.job_cancelled(self._queue, job_id)
            self._interrupt(run, _Interrupted.CANCELLED)

    def cancel_lost(self, job_id: str, token: str) -> None:
        """Ends a run whose lock is gone; it has no outcome any more."""
        if (job_id, token) in self._tasks:
            log.lock_lost(self._queue, job_id)
            self._interrupt((job_id, token), _Interrupted.LOCK_LOST)

    def hand_back_all(self) -> None:
        """Cancels every run, and puts each job back in line as it ends."""
        for run in list(self._tasks):
            self._interrupt(run, _Interrupted.WORKER_STOPS)

    def look_for_stuck(self) -> None:
        """Notes which runs are cancelled at present, by whomever: a timeout cancels the task as well."""
        now = time.monotonic()
        cancelled = [run for run, task in self._tasks.items() if task.cancelling()]
        self._cancelled_since = {run: self._cancelled_since.get(run, now) for run in cancelled}

    @property
    def stuck(self) -> tuple[str, ...]:
        """The ids of jobs whose handlers go on although they were cancelled a while ago. For any thread."""
        until = time.monotonic() - STUCK_AFTER
        return tuple(job_id for (job_id, _), since in self._cancelled_since.items() if since < until)

    async def all_ended(self) -> None:
        while self._tasks:
            self._none_left.clear()
            await self._none_left.wait()

    def job_ids(self) -> list[str]:
        return [job_id for job_id, _ in self._tasks]

    def _interrupt(self, run: tuple[str, str], reason: _Interrupted) -> None:
        self._interrupted.setdefault(run, reason)
        # Not at once: a task that is cancelled before its first step would never come to the end of `_run`.
        asyncio.get_running_loop().call_soon(self._tasks[run].cancel)

    async def _run(self, job: TakenJob, run: tuple[str, str]) -> None:
        outcome: Outcome | None = None
        try:
            if not self._interrupted or run not in self._interrupted:
                outcome = await self._executor.execute(job)
        except asyncio.CancelledError as error:
            if run not in self._interrupted:
                outcome = self._executor.stopped(job, error)
        finally:
            del self._tasks[run]
            if not self._tasks:
                self._none_left.set()
            if self._interrupted and run in self._interrupted:
                outcome = self._outcome_of_interrupted(job, outcome, self._interrupted.pop(run))
            self._ended(outcome)
        if outcome is not None and not isinstance(outcome, Completed):
            self._tell(job, outcome)

    def _outcome_of_interrupted(
        self, job: TakenJob, outcome: Outcome | None, reason: _Interrupted
    ) -> Outcome | None:
        if reason is _Interrupted.LOCK_LOST:
            return None
        if reason is _Interrupted.CANCELLED:
            return self._executor.cancelled(job, outcome)
        match outcome:
            case None | Failed() | Retried() | Postponed(reason=str()):
                self.released += 1
                return Released(job.id, job.token)
            case _:
                # It ended well all the same, just before it could be cancelled.
                return outcome

    def _tell(self, job: TakenJob, outcome: Outcome) -> None:
        match outcome:
            case Failed(reason=reason) | Retried(reason=reason):
                self._tell_failure(job, reason)
            case Postponed(reason=str(reason)):
                self._tell_failure(job, reason)
            case Postponed(delay=pause, unknown=UnknownSince()):
                log.job_put_back(self._queue, job.id, job.name, pause)
            case _:
                pass

    def _tell_failure(self, job: TakenJob, reason: str) -> None:
        log.job_failed(self._queue, job.id, job.name, reason, job.attempts_made + 1, job.options.attempts)
