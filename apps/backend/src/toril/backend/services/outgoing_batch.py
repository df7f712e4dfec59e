"""A batch of jobs on its way, to one queue or several."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from toril.backend.services.enqueue_options import EnqueueOptions, new_job
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.sender import Sender
from toril.bull.queue import NewJob
from toril.jobs import Contract, Job


class OutgoingBatch:
    """Jobs that are being added, and the order in which their handles are to stand.

    Args:
        sender_of: the sender of a queue.

    Raises:
        InvalidPayload: a job does not fit its contract; none of the batch is sent.
    """

    def __init__(
        self, jobs: Sequence[Job[Any]], options: EnqueueOptions, sender_of: Callable[[str], Sender]
    ) -> None:
        self._contracts: list[Contract[Any, Any]] = [type(job).contract() for job in jobs]
        by_queue: dict[str, list[NewJob]] = {}
        for contract, job in zip(self._contracts, jobs, strict=True):
            by_queue.setdefault(contract.queue.name, []).append(new_job(contract, job, options))
        self._ids: dict[str, asyncio.Future[list[str]]] = {
            queue: sender_of(queue).send(new) for queue, new in by_queue.items()
        }

    async def arrive(self, handles: JobHandles[Any]) -> None:
        """Waits until the jobs are added, and notes their handles.

        Raises:
            BrokerUnavailable: Redis did not answer.
        """
        ids = {queue: iter(await added) for queue, added in self._ids.items()}
        for contract in self._contracts:
            handles.append(next(ids[contract.queue.name]), contract)

    def abandon(self) -> None:
        """Waits for it no longer: it may be added, but nobody asks."""
        for added in self._ids.values():
            added.cancel()
