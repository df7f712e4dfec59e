"""A worker, as an application sees it: enter to connect, run, stop."""

import asyncio
import uuid
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import Any, Self

from toril.bull.intake import Intake
from toril.bull.keys import QueueKeys
from toril.bull.outage import Outage
from toril.worker import log
from toril.worker.connections import WorkerConnections
from toril.worker.errors import WorkerNotEntered
from toril.worker.handler import RegisteredHandler
from toril.worker.handlers import QueueHandlers
from toril.worker.health import WorkerHealth
from toril.worker.monitoring.tally import Tally
from toril.worker.settings import WorkerSettings
from toril.worker.shift import Shift

# Between two tries while Redis is gone, in seconds.
FIRST_PAUSE = 0.05
LONGEST_PAUSE = 2.0


class Worker:
    """Runs the jobs of one queue. Made by `WorkerFactory.create`:

    async with factory.create(documents, concurrency=100) as worker:
        await worker.run()

    Attributes:
        tally: what it has done so far; a `HealthServer` tells of it.
    """

    def __init__(
        self,
        url: str,
        keys: QueueKeys,
        handlers: QueueHandlers[RegisteredHandler],
        settings: WorkerSettings,
        *,
        strict: bool,
    ) -> None:
        self._url = url
        self._keys = keys
        self._handlers = handlers
        self._settings = settings
        self._strict = strict
        self._outage = Outage(
            lost=partial(log.broker_lost, keys.queue),
            back=partial(log.broker_back, keys.queue),
            first=FIRST_PAUSE,
            longest=LONGEST_PAUSE,
        )
        self.tally = Tally()
        self._stack = AsyncExitStack()
        self._connections: WorkerConnections | None = None
        self._shift: Shift | None = None
        self._resumed: asyncio.Event | None = None
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def name(self) -> str | None:
        """The worker's name, as it stands in the jobs that it processed, if it has one."""
        return self._settings.name

    @property
    def queue(self) -> str:
        return self._keys.queue

    @property
    def is_ready(self) -> bool:
        """Whether the worker reaches Redis and takes jobs."""
        connected = self._connections is not None and not self._outage.lasts
        return connected and not self._stop.is_set() and not self.is_paused

    @property
    def is_paused(self) -> bool:
        """Whether the worker takes no jobs until it is resumed."""
        return self._resumed is not None

    @property
    def health(self) -> WorkerHealth:
        """How the worker is doing now; may be asked from any thread, also while the event loop is held up."""
        shift = self._shift
        return WorkerHealth(
            queue=self.queue,
            name=self.name,
            is_running=shift is not None,
            is_connected=self._connections is not None and not self._outage.lasts,
            is_paused=self.is_paused,
            is_stopping=self._stop.is_set(),
            running=shift.running if shift else 0,
            stuck=shift.stuck if shift else (),
            loop_lag=shift.loop_lag if shift else 0.0,
            renewal_lag=shift.renewal_lag if shift else 0.0,
            lock_duration=self._settings.lock_duration,
        )

    async def __aenter__(self) -> Self:
        """Connects.

        Raises:
            BrokerUnavailable: Redis does not answer; once connected, the worker endures its absence.
            BrokerMisconfigured: jobs would not be safe there.
        """
        async with AsyncExitStack() as stack:
            self._connections = await WorkerConnections.open(
                self._url,
                self._keys,
                worker_name=self.name,
                concurrency=self._settings.concurrency,
                strict=self._strict,
                stack=stack,
            )
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connections = None
        await self._stack.aclose()

    async def run(self) -> None:
        """Works until `stop` is called. Redis may go and come meanwhile.

        Raises:
            WorkerNotEntered: the worker is not connected.
        """
        if self._connections is None:
            raise WorkerNotEntered
        settings = self._settings
        worker_id = uuid.uuid4().hex
        intakes = [
            Intake(
                connection,
                self._keys,
                worker_id=f"{worker_id}.{number}",
                worker_name=self.name,
                lock_duration=settings.lock_duration,
                limit=settings.limit,
                metrics_minutes=settings.metrics_minutes,
            )
            for number, connection in enumerate(self._connections.exchanges)
        ]
        log.started(self.queue, self.name, settings.concurrency, self._handlers.served)
        async with asyncio.TaskGroup() as group:
            self._shift = Shift(
                self._keys,
                self._handlers,
                settings,
                self._connections,
                intakes,
                self._outage,
                group,
                self.tally,
                paused=self.is_paused,
            )
            try:
                await self._shift.work(self._stop, self._hurry, settings.grace)
            finally:
                self._shift = None

    async def pause(self, *, now: bool = False) -> None:
        """Takes no more jobs until `resume` is called, and waits until those that run have ended.

        Other workers of the queue go on. Locks are renewed, and stalled jobs looked after, all the same.

        Args:
            now: do not wait.
        """
        resumed = self._resumed = self._resumed or asyncio.Event()
        log.paused(self.queue)
        if self._shift is None:
            return
        self._shift.pause()
        if not now:
            await _first_of(self._shift.all_ended(), resumed.wait())

    def resume(self) -> None:
        """Takes jobs again. A `pause` that still waits ends."""
        if self._resumed is None:
            return
        log.resumed(self.queue)
        self._resumed.set()
        self._resumed = None
        if self._shift is not None:
            self._shift.resume()

    def stop(self) -> None:
        """Takes no more jobs; `run` ends when those that run have ended, or the grace is over.

        Called again, it waits no longer: handlers are cancelled and their jobs handed back. A handler that
        swallows its cancellation holds `run` up until it ends.
        """
        if self._stop.is_set():
            self._hurry.set()
        self._stop.set()


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    """Waits until one of several has come; the others are given up."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
