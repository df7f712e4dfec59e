"""Jobs without a contract: for queues whose workers are not ours, or not known here."""

from datetime import datetime
from typing import Any

from toril.backend.services.enqueue_options import EnqueueOptions, new_job
from toril.backend.services.job_handle import JobHandle
from toril.backend.services.open_service import OpenService
from toril.jobs import Backoff, CustomBackoff, Deduplicate, Keep, Queue, Retry
from toril.jobs.raw import raw_contract


class RawJobs(OpenService):
    """The part of a queue service that takes and gives plain JSON."""

    async def enqueue_raw(
        self,
        queue: Queue | str,
        name: str,
        data: object,
        *,
        attempts: int = 1,
        backoff: Backoff | CustomBackoff | None = None,
        delay: float = 0.0,
        priority: int = 0,
        lifo: bool = False,
        expires_in: float | None = None,
        job_id: str | None = None,
        keep_completed: Keep | None = None,
        keep_failed: Keep | None = None,
        size_limit: int | None = None,
        log_limit: int | None = None,
        stack_trace_limit: int | None = None,
        deduplicate: Deduplicate | None = None,
        enqueued_at: datetime | None = None,
    ) -> JobHandle[Any]:
        """Adds a job that no contract describes; its result is plain JSON.

            handle = await queues.enqueue_raw("mail", "send", {"to": "ana@example.org"}, attempts=3)

        Args:
            queue: or its name. What a Queue says of retries and the like is for its contracts only.
            name: the job's name in its queue.
            data: any JSON value: dicts with texts as keys, lists, texts, numbers, booleans, None.
            attempts: how often it may be tried, the first one included.
            backoff: the pause between attempts; None tries again at once.
            delay: as for `enqueue`; so are `priority`, `lifo`, `expires_in`, `job_id`, `deduplicate` and
                `enqueued_at`.
            keep_completed: how long it stays after its end; None leaves that to the worker. So does
                `keep_failed`.
            size_limit: how many bytes of JSON the data may have; 64 MiB are the most that it may have at all.
            log_limit: how many lines of its log it keeps; None leaves that to the worker.
            stack_trace_limit: of how many failed attempts it keeps the stack trace; None is all.

        Raises:
            InvalidPayload: the data is no JSON, holds NaN or infinity, or is too large; nothing is stored.
            InvalidJobOptions: an option out of range.
            InvalidPolicy: `name`, `attempts` or a limit is out of range.
            InvalidQueueName: no queue can have that name.
            BrokerUnavailable, ServiceClosed: as for `enqueue`.
        """
        contract = raw_contract(
            self._queue(queue),
            name,
            retry=Retry(attempts=attempts, backoff=backoff),
            keep_completed=keep_completed,
            keep_failed=keep_failed,
            size_limit=size_limit,
            log_limit=log_limit,
            stack_trace_limit=stack_trace_limit,
        )
        new = new_job(
            contract,
            data,
            EnqueueOptions(delay=delay, priority=priority, lifo=lifo, expires_in=expires_in),
            job_id=job_id,
            deduplicate=deduplicate,
            enqueued_at=enqueued_at,
        )
        return await self._send(contract, new)

    def handle_raw(self, queue: Queue | str, job_id: str) -> JobHandle[Any]:
        """The handle of any job, whoever added it; its result is plain JSON.

        Raises:
            InvalidQueueName: no queue can have that name.
            ServiceClosed: the service is not open.
        """
        return self._handle(job_id, raw_contract(self._queue(queue), "?"), is_new=False)

    def _queue(self, queue: Queue | str) -> Queue:
        name = queue if isinstance(queue, str) else queue.name
        self._open_session().inspector(name)  # refuses a name that no queue can have
        return Queue(name)
