"""A batch of jobs on its way, to one queue or several."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Self

from toril.backend.services.enqueue_options import DeduplicateEach, EnqueueOptions, new_job
from toril.backend.services.job_handles import JobHandles
from toril.backend.services.sender import Sender
from toril.bull.queue import AddedJobs, NewJob
from toril.jobs import Contract, Job


class OutgoingBatch:
    """Jobs that are being added, and the order in which their handles are to stand.

    Args:
        contracts: each job's.
        added: for each queue where it will be told what became of its jobs, part by part.
    """

    def __init__(
        self,
        contracts: Sequence[Contract[Any, Any]],
        added: Mapping[str, Sequence[asyncio.Future[AddedJobs]]],
    ) -> None:
        self._contracts = contracts
        self._added = added

    @classmethod
    def send(
        cls,
        jobs: Sequence[Job[Any]],
        options: EnqueueOptions,
        deduplicate: DeduplicateEach,
        sender_of: Callable[[str], Sender],
    ) -> Self:
        """Has the jobs added.

        Args:
            deduplicate: as for `QueueService.enqueue_many`.
            sender_of: the sender of a queue.

        Raises:
            InvalidPayload: a job does not fit its contract; none of the batch is sent.
            InvalidJobOptions: an option out of range; none of the batch is sent.
        """
        contracts: list[Contract[Any, Any]] = [type(job).contract() for job in jobs]
        by_queue: dict[str, list[NewJob]] = {}
        for contract, job in zip(contracts, jobs, strict=True):
            key = deduplicate(job) if callable(deduplicate) else deduplicate
            new = new_job(contract, job, options, deduplicate=key)
            by_queue.setdefault(contract.queue.name, []).append(new)
        parcels = [(queue, sender_of(queue), new) for queue, new in by_queue.items()]
        return cls(contracts, {queue: sender.send(new) for queue, sender, new in parcels})

    async def arrive(self, handles: JobHandles[Any]) -> None:
        """Waits until the jobs are added, and notes their handles.

        Raises:
            BrokerUnavailable: Redis did not answer.
            ServiceClosed: the service was left meanwhile.
        """
        added = {queue: await _items(arriving) for queue, arriving in self._added.items()}
        for contract in self._contracts:
            job_id, is_new = next(added[contract.queue.name])
            handles.append(job_id, contract, is_new)

    def abandon(self) -> None:
        """Waits for it no longer: it may be added, but nobody asks."""
        for added in chain.from_iterable(self._added.values()):
            if not added.cancel() and not added.cancelled():
                added.exception()  # has been seen: asyncio reports those that nobody looked at


async def _items(arriving: Sequence[asyncio.Future[AddedJobs]]) -> Iterator[tuple[str, bool]]:
    """Each id, and whether its job is new."""
    return chain.from_iterable([(await added).items() for added in arriving])
