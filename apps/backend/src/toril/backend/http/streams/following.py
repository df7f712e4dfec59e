"""Following a queue or a job from any event on, over the one connection that all followers share."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from toril.backend.services.queue_service import QueueService
from toril.backend.services.watcher import Subscription
from toril.bull.events import MOST_EVENTS_A_READ, event_order
from toril.bull.inspect import EventSpan, QueueInspector
from toril.types import JobEvent


class Silence(NamedTuple):
    """Nothing happened for a while."""


class Follower:
    """The events of a queue, or of one of its jobs, in order and each once.

    What happens is heard as it happens. What was before that, and what is lost as more happens than the
    follower can take, is read from the stream in Redis, as long as that holds it.

    Attributes:
        after: the id of the last event that was told; what comes next is after it.
    """

    def __init__(
        self, inspector: QueueInspector, job_id: str | None, subscription: Subscription, after: str
    ) -> None:
        self.after = after
        self._inspector = inspector
        self._job_id = job_id
        self._subscription = subscription

    async def missed(self) -> EventSpan | None:
        """What the stream holds, if the event to go on after is no part of it: then others are missing too.

        It has been trimmed away, or Redis has lost its data; then the stream is told from its beginning.
        """
        span = await self._inspector.event_span()
        after = event_order(self.after)
        is_ahead = after > event_order(span.newest)
        if after == (0, 0) or not (is_ahead or after < event_order(span.oldest)):
            return None
        if is_ahead:
            self.after = "0"
        return span

    async def past(self) -> AsyncIterator[JobEvent]:
        """What has happened already.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        page = await self._inspector.events(self.after)
        while page:
            for event in page:
                is_wanted = self._job_id is None or event.job_id == self._job_id
                if self._is_new(event) and is_wanted:
                    yield event
            page = await self._inspector.events(self.after) if len(page) == MOST_EVENTS_A_READ else []

    async def coming(self, heartbeat: float) -> AsyncIterator[JobEvent | Silence]:
        """What happens, for ever.

        Args:
            heartbeat: after how many seconds silence is told of.

        Raises:
            BrokerUnavailable: Redis did not answer when what was lost was to be read.
            ServiceClosed: the service was left.
        """
        while True:
            event = await self._subscription.next(heartbeat)
            if event is not None:
                if self._is_new(event):
                    yield event
            elif self._subscription.has_lost:
                async for lost in self.past():
                    yield lost
            else:
                yield Silence()

    def _is_new(self, event: JobEvent) -> bool:
        if event_order(event.id) <= event_order(self.after):
            return False
        self.after = event.id
        return True


@asynccontextmanager
async def following(
    queues: QueueService, queue: str, job_id: str | None, after: str | None
) -> AsyncGenerator[Follower]:
    """A follower that hears what happens from now on.

    Args:
        after: the id of the event to go on after; None for what happens from now on.

    Raises:
        BrokerUnavailable: Redis did not answer.
    """
    async with queues.follow(queue, job_id) as subscription:
        inspector = queues.inspect(queue)
        if after is None:
            after = (await inspector.event_span()).newest
        yield Follower(inspector, job_id, subscription, after)
