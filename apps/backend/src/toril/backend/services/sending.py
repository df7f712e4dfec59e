"""Sending jobs that several tasks add at the same time, together."""

import asyncio
from collections import deque
from typing import NamedTuple

from toril.bull.queue import MOST_JOBS_A_SCRIPT, JobQueue, NewJob


class _Waiting(NamedTuple):
    job: NewJob
    sent: asyncio.Future[str]


class Sender:
    """Adds jobs to one queue, those of concurrent callers in shared round trips.

    Nothing waits for a batch to fill: a lone job goes at once, and what comes while it is under way goes
    together in the next round trip.
    """

    def __init__(self, queue: JobQueue) -> None:
        self.queue = queue
        self._waiting: deque[_Waiting] = deque()
        self._come = asyncio.Event()

    async def send(self, job: NewJob) -> str:
        """Adds the job and answers with its id.

        Raises:
            BrokerUnavailable: Redis did not answer; the job may have been added all the same.
        """
        sent: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(job, sent))
        self._come.set()
        return await sent

    async def run(self) -> None:
        """Goes on sending until it is cancelled."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._waiting:
                await self._send_batch()

    async def _send_batch(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_JOBS_A_SCRIPT))]
        try:
            ids = await self.queue.add([each.job for each in batch])
        except BaseException as error:
            for each in batch:
                if not each.sent.done():
                    each.sent.set_exception(error) if isinstance(error, Exception) else each.sent.cancel()
            if not isinstance(error, Exception):
                raise
            return
        for each, job_id in zip(batch, ids, strict=True):
            if not each.sent.done():
                each.sent.set_result(job_id)
