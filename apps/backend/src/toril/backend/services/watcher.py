"""Following jobs: one connection reads the events of all queues for all the handles of a service."""

import asyncio
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager, suppress
from itertools import chain

from toril.backend.errors import ServiceClosed
from toril.backend.services.deadline import Deadline
from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable, BullError, CommandRefused
from toril.bull.events import EventReader
from toril.bull.keys import QueueKeys
from toril.types import JobEvent

READ_WITHIN = 5.0
RETRY_AFTER = 0.5
WAKE_AGAIN_AFTER = 0.02
MOST_UNREAD_EVENTS = 100
# A read tells up to 1,000 events of a queue at once.
MOST_UNREAD_EVENTS_OF_A_QUEUE = 2_000


class Subscription:
    """The events of one job or of a whole queue, from the moment of subscribing.

    A follower who falls behind by more than `most_unread` loses them, and looks for itself instead.

    Attributes:
        has_lost: whether the last None that `next` answered with means that events were lost.
    """

    def __init__(self, most_unread: int = MOST_UNREAD_EVENTS) -> None:
        self.has_lost = False
        self._most_unread = most_unread
        self._unread: deque[JobEvent | None] = deque()
        self._told = asyncio.Event()
        self._closed = False

    def tell(self, event: JobEvent) -> None:
        if len(self._unread) == self._most_unread:
            self._unread.clear()
            self._unread.append(None)
        else:
            self._unread.append(event)
        self._told.set()

    def close(self) -> None:
        """Has `next` raise ServiceClosed from now on."""
        self._closed = True
        self._told.set()

    async def next(self, timeout: float) -> JobEvent | None:
        """The next event; None if none came for `timeout` seconds, or some are lost: then look at the job.

        Raises:
            ServiceClosed: the service was left.
        """
        self.has_lost = False
        try:
            async with asyncio.timeout(timeout):
                await self._told.wait()
        except TimeoutError:
            return None
        if self._closed:
            raise ServiceClosed
        event = self._unread.popleft()
        if not self._unread:
            self._told.clear()
        self.has_lost = event is None
        return event


class JobWatcher:
    """Hands the events of followed jobs to those who follow them. Of a cluster, their queues are in one slot.

    Args:
        reading: a connection that the watcher blocks while it waits for events.
        service: a connection for short calls, by which a blocked read is ended when a queue is added.
    """

    def __init__(self, reading: Connection, service: Connection) -> None:
        self._reading = reading
        self._service = service
        self._reader = EventReader(reading)
        self._service_reader = EventReader(service)
        self._positions: dict[QueueKeys, str] = {}
        self._subscriptions: dict[tuple[str, str | None], set[Subscription]] = {}
        self._followed: dict[QueueKeys, int] = {}
        self._wanted = asyncio.Event()
        self._changes = 0
        self._seen_changes = 0
        self._closed = False

    @contextmanager
    def follow(self, keys: QueueKeys, job_id: str | None) -> Generator[Subscription]:
        """The job's events, or with None all of the queue, once `listen` has been awaited.

        Raises:
            ServiceClosed: the service was left, before or meanwhile.
        """
        self._check_open()
        subscription = Subscription(MOST_UNREAD_EVENTS_OF_A_QUEUE if job_id is None else MOST_UNREAD_EVENTS)
        followers = self._subscriptions.setdefault((keys.queue, job_id), set())
        followers.add(subscription)
        self._followed[keys] = self._followed.get(keys, 0) + 1
        try:
            yield subscription
        except BrokerUnavailable:
            # A call in flight when the connections were closed ends like this.
            self._check_open()
            raise
        finally:
            followers.discard(subscription)
            if not followers:
                self._subscriptions.pop((keys.queue, job_id), None)
            self._followed[keys] -= 1
            if self._followed[keys] == 0:
                del self._followed[keys]
                self._positions.pop(keys, None)

    async def listen(self, keys: QueueKeys, deadline: Deadline) -> None:
        """Makes sure that the queue's events are read from now on.

        Raises:
            BrokerUnavailable: Redis did not answer by the deadline.
            ServiceClosed: the service was left meanwhile.
        """
        if keys in self._positions:
            return
        newest = await self._service_reader.newest(keys, timeout=deadline.for_call())
        if keys in self._positions:
            return
        self._positions[keys] = newest
        self._changes += 1
        self._wanted.set()
        change = self._changes
        while self._seen_changes < change and len(self._positions) > 1:
            self._check_open()
            # The read under way does not know of this queue yet: end it. It may just be on its way to Redis.
            if self._reading.client_id is not None:
                await self._unblock(keys, self._reading.client_id, deadline.for_call())
            await asyncio.sleep(WAKE_AGAIN_AFTER)

    async def run(self) -> None:
        """Goes on reading until it is cancelled."""
        while True:
            if not self._positions:
                self._wanted.clear()
                await self._wanted.wait()
            self._seen_changes = self._changes
            try:
                events = await self._reader.read(self._positions, timeout=READ_WITHIN)
            except BullError:
                # Followers look by themselves meanwhile, and hear what is wrong; the stream still has all of
                # it when Redis serves again. Whatever happens here must not end the application around it.
                await asyncio.sleep(RETRY_AFTER)
                continue
            for event in events:
                self._hand_on(event)

    def close(self) -> None:
        """Ends every wait for an event with ServiceClosed."""
        self._closed = True
        for followers in self._subscriptions.values():
            for follower in followers:
                follower.close()

    async def _unblock(self, keys: QueueKeys, client_id: int, timeout: float) -> None:
        node = await self._service.node(keys.events, timeout=timeout)
        # A user who may not do this waits until the read ends by itself.
        with suppress(CommandRefused):
            await node.execute("CLIENT", "UNBLOCK", client_id, timeout=timeout)

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceClosed

    def _hand_on(self, event: JobEvent) -> None:
        for keys in self._positions:
            if keys.queue == event.queue:
                self._positions[keys] = event.id
        followed = {(event.queue, event.job_id), (event.queue, None)}
        for follower in chain.from_iterable(self._subscriptions.get(each, ()) for each in followed):
            follower.tell(event)
