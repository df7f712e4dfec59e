"""The producer: typed jobs in, handles out."""

import asyncio
from collections.abc import AsyncIterable, Iterable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, TypeVar

from toril.backend.errors import ServiceClosed
from toril.backend.services.batches import batches
from toril.backend.services.enqueue_options import EnqueueOptions, new_job
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.outgoing_batch import OutgoingBatch
from toril.backend.services.sender import Sender
from toril.backend.services.watcher import JobWatcher
from toril.bull.admin import QueueAdmin
from toril.bull.broker_url import broker_url
from toril.bull.connection import Connection
from toril.bull.inspect import QueueInspector
from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.bull.queue import MOST_JOBS_A_SCRIPT, JobQueue
from toril.jobs import Contract, Job

R = TypeVar("R")


class QueueService:
    """Adds jobs to their queues and follows them.

        async with QueueService.connect("redis://…") as queues:
            handle = await queues.enqueue(EmbedDocument(path=path, text=text))
            embedded = await handle.result(timeout=30.0)

    One service serves a whole application: concurrent calls share round trips, and one connection follows all
    handles.
    """

    def __init__(self, url: str | None, *, prefix: str, strict: bool, timeout: float) -> None:
        self._url = url
        self._prefix = prefix
        self._strict = strict
        self._timeout = timeout
        self._stack: AsyncExitStack | None = None
        self._senders: dict[str, Sender] = {}
        self._inspectors: dict[str, QueueInspector] = {}

    @classmethod
    def connect(
        cls,
        url: str | None = None,
        *,
        prefix: str = DEFAULT_PREFIX,
        strict: bool = False,
        timeout: float = 10.0,
    ) -> Self:
        """A service that connects when it is entered.

        Args:
            url: redis://, rediss:// or unix://; by default TORIL_REDIS_URL, else the embedded broker of the
                data folder, which is started if it does not run yet.
            prefix: the first part of every key; the same as the workers'. `{bull}`-style on a cluster.
            strict: refuse a Redis that may evict keys, instead of warning about it.
            timeout: how long Redis may take to accept jobs before BrokerUnavailable is raised, in seconds.
        """
        return cls(url, prefix=prefix, strict=strict, timeout=timeout)

    async def __aenter__(self) -> Self:
        """Connects.

        Raises:
            BrokerUnavailable: Redis does not answer.
            BrokerMisconfigured: jobs would not be safe there.
            EmbeddedBrokerFailed: no URL was given, and the embedded broker did not start.
        """
        async with AsyncExitStack() as stack:
            url = stack.enter_context(broker_url(self._url))
            self._adding = await stack.enter_async_context(
                await Connection.open(url, client_name="toril-backend", strict=self._strict)
            )
            self._asking = await stack.enter_async_context(Connection(url, client_name="toril-backend"))
            reading = await stack.enter_async_context(Connection(url, client_name="toril-events"))
            self._watcher = JobWatcher(reading, self._asking)
            self._group = await stack.enter_async_context(asyncio.TaskGroup())
            watching = self._group.create_task(self._watcher.run())
            stack.callback(watching.cancel)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stack, self._stack = self._stack, None
        if stack is not None:
            await stack.aclose()

    async def enqueue(
        self,
        job: Job[R],
        *,
        delay: float = 0.0,
        priority: int = 0,
        lifo: bool = False,
        job_id: str | None = None,
    ) -> JobHandle[R]:
        """Adds a job to its contract's queue.

        Args:
            delay: seconds before it may start.
            priority: 0 is none (first in, first out, before all others); else 1 (first) to 2,097,151 (last).
            lifo: put it in front of all that wait.
            job_id: an id of its own, by which a job is added only once: if it exists already, nothing
                changes, and the handle is that job's.

        Raises:
            InvalidPayload: the job does not fit its contract (it was changed after it was made); nothing is
                stored.
            InvalidJobOptions: an option out of range.
            BrokerUnavailable: Redis did not answer in time. The job may have been added all the same: one
                with a `job_id` can be added again without harm.
        """
        contract: Contract[Any, R] = type(job).contract()
        new = new_job(contract, job, EnqueueOptions(delay=delay, priority=priority, lifo=lifo), job_id)
        [sent_id] = await self._sender(contract.queue.name).send([new])
        return self._handle(sent_id, contract)

    async def enqueue_many(
        self,
        jobs: Iterable[Job[R]] | AsyncIterable[Job[R]],
        *,
        delay: float = 0.0,
        priority: int = 0,
        lifo: bool = False,
    ) -> JobHandles[R]:
        """Adds jobs, of any contracts, in order and in bounded memory: they are read as they are sent.

        Raises:
            InvalidPayload: a job does not fit its contract; those before it may have been added.
            InvalidJobOptions: an option out of range.
            BrokerUnavailable: Redis did not answer in time; some of the jobs may have been added.
        """
        options = EnqueueOptions(delay=delay, priority=priority, lifo=lifo)
        handles: JobHandles[R] = JobHandles(self._handle)
        under_way: OutgoingBatch | None = None
        try:
            async for some in batches(jobs, MOST_JOBS_A_SCRIPT):
                following = OutgoingBatch(some, options, self._sender)
                # Lets it leave, so that Redis works on it while the next one is read and encoded.
                await asyncio.sleep(0)
                if under_way is not None:
                    await under_way.arrive(handles)
                under_way = following
            if under_way is not None:
                await under_way.arrive(handles)
        except BaseException:
            if under_way is not None:
                under_way.abandon()
            raise
        return handles

    def handle(self, contract: type[Job[R]], job_id: str) -> JobHandle[R]:
        """The handle of a job that was added before, perhaps by another process.

        Args:
            contract: the job's class.
        """
        return self._handle(job_id, contract.contract())

    def inspect(self, queue: str) -> QueueInspector:
        """A look into a queue: its counts, its jobs."""
        if self._stack is None:
            raise ServiceClosed
        if queue not in self._inspectors:
            self._inspectors[queue] = QueueInspector(self._asking, QueueKeys(queue, self._prefix))
        return self._inspectors[queue]

    def _handle(self, job_id: str, contract: Contract[Any, Any]) -> JobHandle[Any]:
        inspector = self.inspect(contract.queue.name)
        admin = QueueAdmin(self._asking, inspector.keys)
        return JobHandle(job_id, contract, inspector, admin, self._watcher)

    def _sender(self, queue: str) -> Sender:
        if self._stack is None:
            raise ServiceClosed
        sender = self._senders.get(queue)
        if sender is None:
            sender = self._senders[queue] = Sender(
                JobQueue(self._adding, QueueKeys(queue, self._prefix), timeout=self._timeout)
            )
            sending = self._group.create_task(sender.run())
            self._stack.callback(sending.cancel)
        return sender
