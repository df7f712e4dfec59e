"""Following jobs: one connection reads the events of all queues for all the handles of a service."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager

from toril.bull.connection import Connection
from toril.bull.errors import BrokerUnavailable
from toril.bull.events import EventReader
from toril.bull.keys import QueueKeys
from toril.types import JobEvent

READ_WITHIN = 10.0
RETRY_AFTER = 0.5
WAKE_AGAIN_AFTER = 0.02


class Subscription:
    """The events of one job, from the moment of subscribing."""

    def __init__(self, job_id: str) -> None:
        self.job_id = job_id
        self._events: asyncio.Queue[JobEvent] = asyncio.Queue()

    def tell(self, event: JobEvent) -> None:
        self._events.put_nowait(event)

    async def next(self, timeout: float) -> JobEvent | None:
        """The next event, or None if none came for `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                return await self._events.get()
        except TimeoutError:
            return None


class JobWatcher:
    """Hands the events of followed jobs to those who follow them.

    Args:
        reading: a connection that the watcher blocks while it waits for events.
        service: a connection for short calls, by which a blocked read is ended when a queue is added.
    """

    def __init__(self, reading: Connection, service: Connection) -> None:
        self._reading = reading
        self._service = service
        self._reader = EventReader(reading)
        self._positions: dict[QueueKeys, str] = {}
        self._subscriptions: dict[tuple[str, str], set[Subscription]] = {}
        self._followed: dict[QueueKeys, int] = {}
        self._wanted = asyncio.Event()
        self._changes = 0
        self._seen_changes = 0

    @contextmanager
    def follow(self, keys: QueueKeys, job_id: str) -> Generator[Subscription]:
        """The job's events, once `listen` has been awaited."""
        subscription = Subscription(job_id)
        followers = self._subscriptions.setdefault((keys.queue, job_id), set())
        followers.add(subscription)
        self._followed[keys] = self._followed.get(keys, 0) + 1
        try:
            yield subscription
        finally:
            followers.discard(subscription)
            if not followers:
                self._subscriptions.pop((keys.queue, job_id), None)
            self._followed[keys] -= 1
            if self._followed[keys] == 0:
                del self._followed[keys]
                self._positions.pop(keys, None)

    async def listen(self, keys: QueueKeys) -> None:
        """Makes sure that the queue's events are read from now on.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        if keys in self._positions:
            return
        newest = await self._service_newest(keys)
        if self._positions.setdefault(keys, newest) is not newest:
            return
        self._changes += 1
        self._wanted.set()
        change = self._changes
        while self._seen_changes < change and len(self._positions) > 1:
            # The read under way does not know of this queue yet: end it. It may just be on its way to Redis.
            if self._reading.client_id is not None:
                await self._service.execute("CLIENT", "UNBLOCK", self._reading.client_id)
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
            except BrokerUnavailable:
                # Followers look by themselves meanwhile; the stream still has all of it when Redis is back.
                await asyncio.sleep(RETRY_AFTER)
                continue
            for event in events:
                self._hand_on(event)

    def _hand_on(self, event: JobEvent) -> None:
        for keys in self._positions:
            if keys.queue == event.queue:
                self._positions[keys] = event.id
        for follower in self._subscriptions.get((event.queue, event.job_id or ""), ()):
            follower.tell(event)

    async def _service_newest(self, keys: QueueKeys) -> str:
        return await EventReader(self._service).newest(keys)
