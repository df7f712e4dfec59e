"""The producer: typed jobs in, handles out."""

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, TypeVar

from toril.backend.services.batches import batches
from toril.backend.services.enqueue_options import DeduplicateEach, EnqueueOptions, new_job
from toril.backend.services.flow_handle import FlowHandle
from toril.backend.services.followed_queues import FollowedQueues
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.outgoing_batch import OutgoingBatch
from toril.backend.services.outgoing_flows import send_flow, send_flows
from toril.backend.services.queue_events import QueueEvents
from toril.backend.services.raw_jobs import RawJobs
from toril.backend.services.scheduled_jobs import ScheduledJobs
from toril.bull.admin import QueueAdmin
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.event_producer import publish_event
from toril.bull.flow_tree import FlowReader
from toril.bull.inspect import QueueInspector
from toril.jobs import Contract, Deduplicate, Flow, Job, Queue
from toril.types import JobTree

R = TypeVar("R")

# One is with Redis and one on its way there while the next is read and encoded.
MOST_BATCHES_UNDER_WAY = 2
MOST_FLOWS_READ_AHEAD = 100


class QueueService(RawJobs, ScheduledJobs, FollowedQueues):
    """Adds jobs to their queues and follows them.

        async with QueueService.connect("redis://…") as queues:
            handle = await queues.enqueue(EmbedDocument(path=path, text=text))
            embedded = await handle.result(timeout=30.0)

    One service serves a whole application: concurrent calls share round trips, and one connection follows all
    handles.
    """

    async def enqueue(
        self,
        job: Job[R],
        *,
        delay: float = 0.0,
        priority: int = 0,
        lifo: bool = False,
        expires_in: float | None = None,
        job_id: str | None = None,
        deduplicate: Deduplicate | None = None,
        enqueued_at: datetime | None = None,
    ) -> JobHandle[R]:
        """Adds a job to its contract's queue.

        Args:
            delay: seconds before it may start.
            priority: 0 is none (first in, first out, before all others); else 1 (first) to 2,097,151 (last).
            lifo: put it in front of all that wait.
            expires_in: seconds after which nobody wants it any more: a worker of ours that takes it later, or
                tries it again, fails it for good with a reason that begins with "expired". By the clocks of
                both sides, so keep them in step; a Node worker starts it all the same.
            job_id: an id of its own, by which a job is added only once: if it exists already, nothing
                changes, and the handle is that job's.
            deduplicate: the key that the job holds, by which others are not added. If another job holds it
                already, the handle is that one's, which may have ended; `is_new` tells.
            enqueued_at: when the job counts as added, with a time zone; by default now. `delay` begins then.

        Raises:
            InvalidPayload: the job does not fit its contract (it was changed after it was made, or is larger
                than its `size_limit`); nothing is stored.
            InvalidJobOptions: an option out of range.
            NotAContract: the job's class has no name.
            BrokerUnavailable: Redis did not answer in time. The job may have been added all the same: one
                with a `job_id` can be added again without harm.
            ServiceClosed: the service is not open. If it was left meanwhile, the job may have been added.
        """
        contract: Contract[Any, R] = type(job).contract()
        new = new_job(
            contract,
            job,
            EnqueueOptions(delay=delay, priority=priority, lifo=lifo, expires_in=expires_in),
            job_id=job_id,
            deduplicate=deduplicate,
            enqueued_at=enqueued_at,
        )
        return await self._send(contract, new)

    async def enqueue_many(
        self,
        jobs: Iterable[Job[R]] | AsyncIterable[Job[R]],
        *,
        delay: float = 0.0,
        priority: int = 0,
        lifo: bool = False,
        expires_in: float | None = None,
        deduplicate: DeduplicateEach = None,
    ) -> JobHandles[R]:
        """Adds jobs, of any contracts, in order and in bounded memory: they are read as they are sent.

        Args:
            jobs: an asynchronous one is read ahead; if it is a generator, it is closed at the end.
            delay: as for `enqueue`, for all of them; so are `priority`, `lifo` and `expires_in`.
            deduplicate: as for `enqueue`, for all of them, or a function of the job that says each one's.

        Raises:
            InvalidPayload: a job does not fit its contract; those before it may have been added.
            InvalidJobOptions: an option out of range.
            NotAContract: a job's class has no name; those before it may have been added.
            BrokerUnavailable: Redis did not answer in time; some of the jobs may have been added.
            ServiceClosed: the service is not open. If it was left meanwhile, some may have been added.
        """
        options = EnqueueOptions(delay=delay, priority=priority, lifo=lifo, expires_in=expires_in)
        handles: JobHandles[R] = JobHandles(self._handle)
        under_way: deque[OutgoingBatch] = deque()
        try:
            async with batches(jobs, MOST_JOBS_A_SCRIPT) as lists:
                async for some in lists:
                    under_way.append(OutgoingBatch.send(some, options, deduplicate, self._sender))
                    # Lets it leave, so that Redis works on it while the next one is read and encoded.
                    await asyncio.sleep(0)
                    if len(under_way) > MOST_BATCHES_UNDER_WAY:
                        await under_way[0].arrive(handles)
                        under_way.popleft()
            while under_way:
                await under_way[0].arrive(handles)
                under_way.popleft()
        finally:
            for batch in under_way:
                batch.abandon()
        return handles

    async def enqueue_flow(self, flow: Flow[R]) -> FlowHandle[R]:
        """Adds a job and its children, and theirs, to the queues of their contracts: all of them or none.

        Returns:
            The handle of the flow's parent; `children` are the handles of its children.

        Raises:
            InvalidPayload: a job does not fit its contract; nothing is stored.
            InvalidJobOptions: an option out of range; nothing is stored.
            FlowTooLarge: it has more jobs (1,000) or bytes (16 million) than one step adds.
            FlowRefused: a job that exists already was to become a child here, but is another job's, or the
                parent would wait for itself; nothing is stored. (BullMQ adds the rest then, and its parent
                waits for ever.)
            BrokerMisconfigured: Redis is a cluster, and the queues are not in one slot; nothing is stored.
            BrokerUnavailable: Redis did not answer in time. The flow may have been added all the same: one
                whose jobs all have a `job_id` can be added again without harm.
            ServiceClosed: the service is not open. If it was left meanwhile, the flow may have been added.
        """
        return await send_flow(self._open_session(), flow)

    async def enqueue_flows(self, flows: Iterable[Flow[R]] | AsyncIterable[Flow[R]]) -> list[JobHandle[R]]:
        """Adds flows in order, each whole or not at all; small ones share a round trip.

        Args:
            flows: read as they are sent. An asynchronous one is read ahead, and closed at the end if it is a
                generator.

        Returns:
            The handles of their parents. They are all that is kept of the flows.

        Raises:
            as `enqueue_flow`; the flows before the one at fault are added, and some of those after it may be.
        """
        session = self._open_session()
        handles: list[JobHandle[R]] = []
        async with batches(flows, MOST_FLOWS_READ_AHEAD) as lists:
            async for some in lists:
                handles += await send_flows(session, some)
        return handles

    async def get_flow(
        self, queue: Queue | str | type[Job[Any]], job_id: str, *, depth: int = 10, max_children: int = 20
    ) -> JobTree:
        """A job with its children, and theirs, as they stand, whoever added them.

        Args:
            queue: the job's, or what has that name, or the job's class.
            depth: how many levels, 1 (the job alone) to 100.
            max_children: with how many children of each kind (completed, pending, failed, ignored failures) a
                job is shown, 1 to 1,000. All in all no more than 10,000 jobs are read; `JobTree.omitted`
                says how many are not.

        Raises:
            JobNotFound: there is no such job.
            InvalidQuery: `depth` or `max_children` is out of range.
            InvalidQueueName: no queue can have that name.
            NotAContract: the class has no name.
            BrokerUnavailable: Redis did not answer.
            ServiceClosed: the service is not open.
        """
        session = self._open_session()
        keys = session.inspector(_name(queue)).keys
        return await FlowReader(session.asking).read(keys, job_id, depth=depth, max_children=max_children)

    def handle(self, contract: type[Job[R]], job_id: str) -> JobHandle[R]:
        """The handle of a job that was added before, perhaps by another process.

        Args:
            contract: the job's class.

        Raises:
            NotAContract: the class has no name.
            ServiceClosed: the service is not open.
        """
        return self._handle(job_id, contract.contract(), is_new=False)

    def inspect(self, queue: Queue | str) -> QueueInspector:
        """A look into a queue, or what has that name: its counts, its jobs.

        Raises:
            InvalidQueueName: no queue can have that name.
            ServiceClosed: the service is not open.
        """
        return self._open_session().inspector(_name(queue))

    def admin(self, queue: Queue | str) -> QueueAdmin:
        """What steers a queue, or what has that name: its jobs, and whether and how fast they run.

        Raises:
            InvalidQueueName: no queue can have that name.
            ServiceClosed: the service is not open.
        """
        return self._open_session().admin(_name(queue))

    def events(
        self, queue: Queue | str, *, after: str | None = None
    ) -> AbstractAsyncContextManager[QueueEvents]:
        """Follows everything that happens in a queue.

            async with queues.events("documents") as events:
                async for event in events:
                    print(event.at, event.name, event.job_id)

        The feed outlasts a Redis that is gone for a while, and an entry that nobody can read. Each feed has a
        connection of its own and holds at most 100 events; the stream in Redis keeps the rest until they are
        read, or until it is full: 10,000 entries, unless the queue says otherwise.

        Args:
            after: the id of the event to go on after, `JobEvent.id` or `QueueEvents.last_id`; "0" for all
                that the stream still holds. By default what happens from entering on.

        Raises:
            InvalidQuery: `after` is no id of an event.
            InvalidQueueName: no queue can have that name.
            BrokerUnavailable: Redis did not answer when the feed was entered.
            ServiceClosed: the service is not open, or was left while the feed was read.
        """
        session = self._open_session()
        return session.feeds.open(session.inspector(_name(queue)).keys, after)

    async def publish_event(
        self,
        queue: Queue | str,
        name: str,
        fields: Mapping[str, str] | None = None,
        *,
        job_id: str | None = None,
    ) -> str:
        """Adds an event of one's own to what happens in a queue, as BullMQ's QueueEventsProducer does.

        Args:
            name: a word of one's own; a feed tells it as `JobEvent.name`, Node emits it.
            fields: what the event says, at most 100 fields and 64 KiB.
            job_id: the job that it is about, if it is about one.

        Returns:
            The event's id.

        Raises:
            InvalidEvent: the name is empty or BullMQ's own, or the fields are too many or too large.
            InvalidQueueName: no queue can have that name.
            BrokerUnavailable: Redis did not answer; the event may have been added.
            ServiceClosed: the service is not open.
        """
        session = self._open_session()
        keys = session.inspector(_name(queue)).keys
        return await publish_event(session.asking, keys, name, fields, job_id=job_id)


def _name(queue: Queue | str | type[Job[Any]]) -> str:
    if isinstance(queue, str):
        return queue
    return queue.name if isinstance(queue, Queue) else queue.contract().queue.name
