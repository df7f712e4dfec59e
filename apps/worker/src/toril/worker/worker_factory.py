"""Making workers."""

from dataclasses import replace

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.jobs import Queue
from toril.worker.handlers import Handlers
from toril.worker.settings import WorkerSettings
from toril.worker.worker import Worker


class WorkerFactory:
    """Makes workers for the queues that an application's handlers serve.

    Args:
        url: where Redis is: redis://, rediss:// or unix://.
        handlers: the application's handlers.
        prefix: the first part of every key; the same as the producer's.
        strict: refuse a Redis that may evict keys, instead of warning about it.
    """

    def __init__(
        self, url: str, handlers: Handlers, *, prefix: str = DEFAULT_PREFIX, strict: bool = False
    ) -> None:
        self._url = url
        self._handlers = handlers
        self._prefix = prefix
        self._strict = strict

    def create(
        self, queue: Queue, *, concurrency: int | None = None, settings: WorkerSettings | None = None
    ) -> Worker:
        """A worker for one queue; enter it to connect, then run it.

        Args:
            concurrency: how many jobs may run at once; comes before that of `settings`.
            settings: everything else.

        Raises:
            NoHandlers: no handler serves the queue.
            ValueError: a setting is out of range.
        """
        handlers = self._handlers.require(queue)
        chosen = settings or WorkerSettings()
        if concurrency is not None:
            chosen = replace(chosen, concurrency=concurrency)
        return Worker(self._url, QueueKeys(queue.name, self._prefix), handlers, chosen, strict=self._strict)
