"""Taking one job by hand, for scripts and tests."""

import asyncio
import time
import uuid
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager

from toril.bull.connection import Connection
from toril.bull.errors import BullError
from toril.bull.feedback import JobFeedback
from toril.bull.intake import Intake, TakenJob
from toril.bull.keys import QueueKeys
from toril.bull.locks import LockRenewal
from toril.bull.marker import Marker
from toril.bull.outcomes import Outcome, Released
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.bull.thread_connection import ThreadConnection
from toril.worker import log
from toril.worker.failures import failed_as_expired, failed_for_good
from toril.worker.job_in_hand import JobInHand
from toril.worker.locks import LockKeeper
from toril.worker.retrying import RetryRules
from toril.worker.settings import WorkerSettings

# Somebody else's wake-up may have been lost: look by oneself once in a while.
LONGEST_SLEEP = 5.0


@asynccontextmanager
async def take_by_hand(
    url: str,
    keys: QueueKeys,
    settings: WorkerSettings,
    rules: RetryRules,
    *,
    timeout: float,
    strict: bool,
) -> AsyncGenerator[JobInHand | None]:
    """Takes the next job of a queue, or None if none comes within `timeout` seconds.

    Raises:
        ForeignSchedule: the job is a run of a schedule that only Node can continue; it goes back.
        BrokerUnavailable: Redis does not answer.
        BrokerMisconfigured: jobs would not be safe there.
    """
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(
            await Connection.open(url, client_name="toril-by-hand", strict=strict)
        )
        renewing = stack.enter_context(ThreadConnection(url, client_name="toril-locks"))
        intake = Intake(
            connection,
            keys,
            worker_id=uuid.uuid4().hex,
            worker_name=settings.name,
            lock_duration=settings.lock_duration,
            limit=settings.limit,
            metrics_minutes=settings.metrics_minutes,
        )
        job = await _next_job(intake, Marker(connection, keys), settings, timeout)
        if job is not None and job.schedule_key is not None:
            await _continue_schedule(intake, ScheduleContinuation(connection, keys), job, job.schedule_key)
        if job is None:
            yield None
            return
        locks = LockKeeper(
            LockRenewal(renewing, keys, lock_duration=settings.lock_duration),
            lock_duration=settings.lock_duration,
            grace=settings.grace,
            on_lost=lambda job_id, _token: log.lock_lost(keys.queue, job_id),
            on_cancelled=lambda job_id, _token: log.job_cancelled(keys.queue, job_id),
        )
        locks.exchanged([], [job])
        locks.start()
        in_hand = JobInHand(job, keys.queue, intake, JobFeedback(connection, keys), settings, rules)
        try:
            yield in_hand
        finally:
            await asyncio.to_thread(locks.stop)
            await in_hand.put_back_unless_settled()


async def _continue_schedule(
    intake: Intake, continuation: ScheduleContinuation, job: TakenJob, schedule_id: str
) -> None:
    try:
        await continuation.continue_after(job.id, schedule_id)
    except BullError:
        await intake.settle_and_take([Released(job.id, job.token)], 0)
        raise


async def _next_job(
    intake: Intake, marker: Marker, settings: WorkerSettings, timeout: float
) -> TakenJob | None:
    deadline = time.monotonic() + timeout
    outcomes: list[Outcome] = []
    while True:
        taken = await intake.settle_and_take(outcomes, 1)
        outcomes = []
        for job in taken.jobs:
            # It may only have been there to be taken and fail.
            if job.deferred_failure is not None:
                outcomes = [failed_for_good(job, job.deferred_failure, job.stacktrace, settings.keep_failed)]
            elif job.expired(time.time()):
                outcomes = [failed_as_expired(job, settings.keep_failed)]
            else:
                return job
        left = deadline - time.monotonic()
        if outcomes:
            continue
        if left <= 0:
            return None
        if taken.limited_for > 0:
            await asyncio.sleep(min(left, taken.limited_for))
            continue
        until_due = LONGEST_SLEEP if taken.next_due is None else max(taken.next_due - time.time(), 0.0)
        await marker.wait(min(left, until_due, LONGEST_SLEEP))
