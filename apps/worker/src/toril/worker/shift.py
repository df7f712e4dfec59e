"""One shift of a worker: its parts, wired together, from the first job to the last."""

import asyncio
from collections.abc import Awaitable

from toril.bull.cancellations import Cancellations
from toril.bull.children import JobChildren
from toril.bull.feedback import JobFeedback
from toril.bull.intake import Intake, TakenJob
from toril.bull.keys import QueueKeys
from toril.bull.locks import LockRenewal
from toril.bull.marker import Marker
from toril.bull.outage import Outage
from toril.bull.outcomes import Outcome, Released
from toril.bull.schedule_continuation import ScheduleContinuation
from toril.bull.stalled import StalledCheck
from toril.worker import log
from toril.worker.cancelling import hear_cancellations
from toril.worker.connections import WorkerConnections
from toril.worker.execution import Executor
from toril.worker.executions import Executions
from toril.worker.handler import RegisteredHandler
from toril.worker.handlers import QueueHandlers
from toril.worker.heartbeat import Heartbeat
from toril.worker.intake import IntakeLoop
from toril.worker.isolation.calls import Calls
from toril.worker.isolation.isolation import Isolation
from toril.worker.locks import LockKeeper
from toril.worker.monitoring.tally import Tally
from toril.worker.retrying import RetryRules
from toril.worker.schedules import ScheduleKeeper
from toril.worker.settings import WorkerSettings
from toril.worker.settling import Settling
from toril.worker.stalled import recover_stalled_jobs
from toril.worker.supply import Supply

# What cancelled handlers may take to clean up, and what the last outcomes may take to be settled.
CLEAN_UP_WITHIN = 5.0


class Shift:
    """Works on one queue in a task group that owns every task of it.

        intake ──jobs──► executions ──outcomes──► intake

    Args:
        intakes: the wire, one for each exchange that may be under way.
        paused: take no jobs until `resume` is called.
    """

    def __init__(
        self,
        keys: QueueKeys,
        handlers: QueueHandlers[RegisteredHandler],
        settings: WorkerSettings,
        connections: WorkerConnections,
        intakes: list[Intake],
        outage: Outage,
        group: asyncio.TaskGroup,
        tally: Tally,
        *,
        paused: bool = False,
    ) -> None:
        self._queue = keys.queue
        self._settings = settings
        self._group = group
        self._outage = outage
        self._tally = tally
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._paused = False
        self._intakes = intakes
        self._marker = Marker(connections.waiting, keys)
        self._check = StalledCheck(
            connections.service,
            keys,
            interval=settings.stalled_interval,
            most_stalls=settings.most_stalls,
        )
        self._locks = LockKeeper(
            LockRenewal(connections.renewing, keys, lock_duration=settings.lock_duration),
            lock_duration=settings.lock_duration,
            grace=settings.grace,
            on_lost=self._lock_lost,
            on_cancelled=self._found_cancelled,
        )
        self._cancellations = Cancellations(connections.service, keys)
        feedback = JobFeedback(connections.service, keys)
        children = JobChildren(connections.service, keys)
        self._isolation = Isolation(keys.queue, settings, Calls(feedback, children))
        self._executor = Executor(
            keys.queue,
            handlers.replaced(self._isolation.place),
            feedback,
            children,
            ScheduleKeeper(
                keys.queue,
                ScheduleContinuation(connections.service, keys),
                outage,
                grace=settings.unknown_grace,
                keep_failed=settings.keep_failed,
            ),
            bound=self._locks.bound,
            unknown_grace=settings.unknown_grace,
            rules=RetryRules(handlers.backoffs, settings.most_starts),
            keep_completed=settings.keep_completed,
            keep_failed=settings.keep_failed,
        )
        self._supply = Supply(settings.concurrency, share=-(-settings.concurrency // len(intakes)))
        self._intake = IntakeLoop(
            keys.queue,
            Settling(keys.queue, settings.keep_failed),
            self._supply,
            self._locks,
            outage,
            start=self._start,
            tally=tally,
        )
        self._executions = Executions(
            keys.queue,
            group,
            self._executor,
            ended=self._ended,
        )
        self._heartbeat = Heartbeat(self._executions.look_for_stuck)
        if paused:
            self.pause()

    @property
    def running(self) -> int:
        """How many jobs run."""
        return self._supply.running

    @property
    def stuck(self) -> tuple[str, ...]:
        """The ids of jobs whose handlers go on although they were cancelled."""
        return self._executions.stuck

    @property
    def loop_lag(self) -> float:
        """Seconds by which the event loop is late."""
        return self._heartbeat.lag

    @property
    def renewal_lag(self) -> float:
        """Seconds by which the renewal of the locks is late."""
        return self._locks.lag

    def pause(self) -> None:
        """Takes no more jobs; those that run go on."""
        self._paused = True
        self._supply.pause()

    def resume(self) -> None:
        """Takes jobs again."""
        self._paused = False
        self._supply.resume()
        self._intake.look_again()

    async def all_ended(self) -> None:
        """Waits until no job runs."""
        await self._executions.all_ended()

    async def work(self, stop: asyncio.Event, hurry: asyncio.Event, grace: float) -> None:
        """Works until `stop` is set, then lets what runs end, for `grace` seconds or until `hurry` is set."""
        self._locks.start()
        lasting = [
            self._group.create_task(self._heartbeat.beat()),
            self._group.create_task(
                hear_cancellations(self._cancellations, queue=self._queue, cancel=self._cancel)
            ),
        ]
        if self._isolation.has_children:
            lasting.append(self._group.create_task(self._isolation.look_after_children()))
        watching = [
            self._group.create_task(self._intake.watch(self._marker)),
            self._group.create_task(
                recover_stalled_jobs(
                    self._check,
                    queue=self._queue,
                    interval=self._settings.stalled_interval,
                    outage=self._outage,
                    tally=self._tally,
                )
            ),
        ]
        exchanging = [self._group.create_task(self._intake.exchange(each)) for each in self._intakes]
        try:
            await stop.wait()
        except asyncio.CancelledError:
            # Whoever cancels a worker wants it gone now; its jobs are handed back all the same.
            await self._end(lasting, watching, exchanging, hurry, grace=0.0)
            raise
        await self._end(lasting, watching, exchanging, hurry, grace)

    async def _end(
        self,
        lasting: list[asyncio.Task[None]],
        watching: list[asyncio.Task[None]],
        exchanging: list[asyncio.Task[None]],
        hurry: asyncio.Event,
        grace: float,
    ) -> None:
        self._stopping = True
        log.stopping(self._queue, len(self._executions), grace)
        try:
            for task in watching:
                task.cancel()
            self._intake.close()
            await self._drain(hurry, grace)
            if not await _within(CLEAN_UP_WITHIN, asyncio.gather(*exchanging, return_exceptions=True)):
                log.unsettled(self._queue, self._intake.unsettled())
        finally:
            for task in lasting:
                task.cancel()
            await self._isolation.close()
            await asyncio.to_thread(self._locks.stop)
        log.stopped(self._queue, self._executions.released, self._executions.job_ids())

    async def _drain(self, hurry: asyncio.Event, grace: float) -> None:
        """Waits for the jobs that run; hands back those that do not end in time."""
        ended = self._group.create_task(self._executions.all_ended())
        hurried = self._group.create_task(hurry.wait())
        await asyncio.wait((ended, hurried), timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not ended.done():
            self._executions.hand_back_all()
            # What does not end even then is told when the shift is over.
            await _within(CLEAN_UP_WITHIN, ended)
        ended.cancel()

    def _start(self, jobs: list[TakenJob]) -> None:
        if self._stopping or self._paused:
            # They were on their way when the worker was stopped or paused.
            for job in jobs:
                self._intake.settle(Released(job.id, job.token))
            return
        self._supply.started(len(jobs))
        self._executions.start(jobs)

    def _ended(self, outcome: Outcome | None) -> None:
        self._supply.ended()
        if outcome is None:
            self._intake.place_freed()
        else:
            self._intake.settle(outcome)

    def _cancel(self, job_id: str, token: str) -> None:
        self._locks.bound(job_id, token, self._settings.grace)
        self._executions.cancel(job_id, token)

    def _found_cancelled(self, job_id: str, token: str) -> None:
        self._loop.call_soon_threadsafe(self._cancel, job_id, token)

    def _lock_lost(self, job_id: str, token: str) -> None:
        self._loop.call_soon_threadsafe(self._executions.cancel_lost, job_id, token)


async def _within(seconds: float, ending: Awaitable[object]) -> bool:
    """Waits for something to end, for so long at most; what does not end is cancelled."""
    try:
        async with asyncio.timeout(seconds):
            await ending
    except TimeoutError:
        return False
    return True
