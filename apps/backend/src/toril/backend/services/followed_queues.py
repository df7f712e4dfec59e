"""Following queues and jobs over the one connection that all handles of a service share."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from toril.backend.services.deadline import Deadline
from toril.backend.services.open_service import OpenService
from toril.backend.services.watcher import Subscription
from toril.jobs import Queue


class FollowedQueues(OpenService):
    """The part of a queue service that lets any number of followers share a connection."""

    @asynccontextmanager
    async def follow(self, queue: Queue | str, job_id: str | None = None) -> AsyncGenerator[Subscription]:
        """What happens in a queue, or to one of its jobs, from entering on.

        Unlike `events`, thousands of followers cost no connection each. In return, one who falls behind loses
        events, and is told: then `inspect(queue).events(after)` has them, as long as the stream does.

        Args:
            queue: or what has that name.
            job_id: only the events of this job.

        Raises:
            InvalidQueueName: no queue can have that name.
            BrokerUnavailable: Redis did not answer when it was entered.
            ServiceClosed: the service is not open, or was left meanwhile.
        """
        name = queue if isinstance(queue, str) else queue.name
        session = self._open_session()
        keys, watcher = session.inspector(name).keys, session.watcher(name)
        with watcher.follow(keys, job_id) as subscription:
            await watcher.listen(keys, Deadline(None))
            yield subscription
