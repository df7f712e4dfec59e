"""Running one job: from what was taken to its outcome."""

import asyncio
import os
import time
from collections.abc import Callable
from typing import Any

from toril.bull.children import JobChildren
from toril.bull.feedback import JobFeedback
from toril.bull.intake import TakenJob
from toril.bull.outcomes import Completed, Failed, Outcome, Postponed, Retried
from toril.types import CANCELLED, Keep
from toril.worker.context import JobContext
from toril.worker.errors import HandlerStopped
from toril.worker.failures import NO_RULES, failed_as_expired, failed_attempt, failed_for_good
from toril.worker.handler import RunnableHandler
from toril.worker.handlers import QueueHandlers
from toril.worker.retrying import RetryRules
from toril.worker.schedules import ScheduleKeeper
from toril.worker.signals import signal_in
from toril.worker.timeouts import run_within
from toril.worker.unknown import unknown_job

# What a child exits with that a handler forked.
FORKED = 1
# In the words of BullMQ, for those who look for them.
STARTED_TOO_OFTEN = "job started more than allowable limit"


class Executor:
    """Runs the jobs of one queue and says how each ended. It never raises what a handler raises.

    Args:
        handlers: those of the queue.
        bound: called with a job's id, its token and its timeout, in seconds, as its handler is about to run.
        unknown_grace: seconds for which a job without a handler is put back before it fails.
        rules: what the worker says of retries.
        keep_completed, keep_failed: for jobs that do not say so themselves.
    """

    def __init__(
        self,
        queue: str,
        handlers: QueueHandlers[RunnableHandler],
        feedback: JobFeedback,
        children: JobChildren,
        schedules: ScheduleKeeper,
        *,
        bound: Callable[[str, str, float], None],
        unknown_grace: float,
        rules: RetryRules = NO_RULES,
        keep_completed: Keep | None = None,
        keep_failed: Keep | None = None,
    ) -> None:
        self._process = os.getpid()
        self._queue = queue
        self._handlers = handlers
        self._feedback = feedback
        self._children = children
        self._schedules = schedules
        self._bound = bound
        self._unknown_grace = unknown_grace
        self._rules = rules
        self._keep_completed = keep_completed
        self._keep_failed = keep_failed

    async def execute(self, job: TakenJob) -> Outcome:
        """Runs the job and answers with its outcome.

        Raises:
            CancelledError: the run was cancelled, by its worker or by the handler itself: see `stopped`.
        """
        if job.schedule_key is not None:
            # First of all: a run that fails unstarted must not end its schedule either.
            prevented = await self._schedules.keep_going(job, job.schedule_key)
            if prevented is not None:
                return prevented
        if job.deferred_failure is not None:
            return failed_for_good(job, job.deferred_failure, job.stacktrace, self._keep_failed)
        options = job.options
        if options.expires_in is not None and job.expired(time.time()):
            return failed_as_expired(job, self._keep_failed)
        if not self._rules.allows_start(job):
            return failed_for_good(job, STARTED_TOO_OFTEN, job.stacktrace, self._keep_failed)
        handler = self._handlers.find(job.name)
        if handler is None:
            return unknown_job(job, self._handlers.names, self._unknown_grace, self._keep_failed)
        try:
            timeout = handler.timeout
            if timeout is not None:
                self._bound(job.id, job.token, timeout)
            payload: Any = handler.read(job)
            running = handler.function(payload, JobContext(job, self._queue, self._feedback, self._children))
            result = handler.write(job, await (running if timeout is None else run_within(timeout, running)))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its job's failure
            return failed_attempt(job, error, self._keep_failed, self._rules)
        except BaseException as error:  # noqa: BLE001 - sys.exit() in a handler ends its job, not the worker
            signal = signal_in(error)
            return signal.outcome(job, self._keep_failed) if signal else self.stopped(job, error)
        finally:
            if os.getpid() != self._process:
                # A child that the handler forked and let return: it must not go on with our sockets.
                os._exit(FORKED)
        keep = self._keep_completed if options.keep_completed is None else options.keep_completed
        return Completed(job.id, job.token, result, keep)

    def stopped(self, job: TakenJob, error: BaseException) -> Outcome:
        """The outcome of a run whose handler tried to end more than its job."""
        return failed_attempt(job, HandlerStopped(error), self._keep_failed, self._rules)

    def cancelled(self, job: TakenJob, ended: Outcome | None) -> Outcome:
        """The outcome of a run that was cancelled, however it ended: the trace of a failure is kept."""
        trace = ended.stacktrace if isinstance(ended, Failed | Retried | Postponed) else None
        return failed_for_good(job, CANCELLED, trace or job.stacktrace, self._keep_failed)
