"""Making workers."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

from toril.bull.keys import DEFAULT_PREFIX, QueueKeys
from toril.jobs import Queue
from toril.worker.by_hand import take_by_hand
from toril.worker.handlers import Handlers
from toril.worker.isolation.isolation import places
from toril.worker.job_in_hand import JobInHand
from toril.worker.retrying import RetryRules
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
            UnknownBackoff: a contract asks for a backoff that no strategy makes.
            HandlerNotImportable: a handler is to run in child processes, which cannot import it.
            ValueError: a setting is out of range.
        """
        handlers = self._handlers.require(queue)
        chosen = settings or WorkerSettings()
        if concurrency is not None:
            chosen = replace(chosen, concurrency=concurrency)
        chosen = replace(chosen, concurrency=places(handlers, chosen))
        return Worker(self._url, QueueKeys(queue.name, self._prefix), handlers, chosen, strict=self._strict)

    def take(
        self, queue: Queue, *, timeout: float = 0.0, settings: WorkerSettings | None = None
    ) -> AbstractAsyncContextManager[JobInHand | None]:
        """One job of a queue, taken by hand; no handler is needed. For scripts and tests:

            async with factory.take(documents) as job:
                if job is not None:
                    await job.complete_as(EmbedDocument, embed(job.payload(EmbedDocument)))

        Its lock is renewed as long as the context manager lasts. A job that is left unsettled goes back,
        next in line and unharmed.

        Args:
            timeout: how long to wait for a job, in seconds.
            settings: those of the lock, the retention and the rate limit.

        Raises:
            ForeignSchedule: the job is a run of a schedule that only Node can continue; raised on entering.
            BrokerUnavailable: Redis does not answer; raised on entering.
            BrokerMisconfigured: jobs would not be safe there; raised on entering.
        """
        chosen = settings or WorkerSettings()
        return take_by_hand(
            self._url,
            QueueKeys(queue.name, self._prefix),
            chosen,
            RetryRules(self._handlers.of_queue(queue).backoffs, chosen.most_starts),
            timeout=timeout,
            strict=self._strict,
        )
