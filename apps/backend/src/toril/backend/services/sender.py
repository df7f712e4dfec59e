"""Sending jobs that several tasks add at the same time, together."""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

from toril.backend.errors import ServiceClosed
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.errors import BrokerUnavailable
from toril.bull.queue import AddedJobs, JobArguments, JobQueue, NewJob, job_arguments


class _Parcel(NamedTuple):
    """Jobs of one caller, and where the caller waits for what became of them.

    They are encoded as they come: when it is their turn, Redis has nothing to do until it has them.
    """

    jobs: list[JobArguments]
    added: asyncio.Future[AddedJobs]


class Sender:
    """Adds jobs to one queue, those of concurrent callers in shared round trips, first come, first served.

    Nothing waits for a batch to fill: a lone job goes at once, and what comes while it is under way goes
    together in the next round trip. A lone caller makes the round trip itself; to hand the jobs to a task
    and back would cost as much again.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._parcels: deque[_Parcel] = deque()
        self._under_way: list[_Parcel] = []
        self._go_on = asyncio.Event()
        self._is_busy = False
        self._has_crowd = False
        self._is_closed = False

    async def add(self, jobs: list[NewJob]) -> AddedJobs:
        """Adds the jobs together: their ids, in order, and which of them are new.

        If it is cancelled, the jobs may be added all the same.

        Raises:
            BrokerUnavailable, ServiceClosed: the jobs may have been added all the same.
        """
        # Where several have come at once they will again: the first is not to go ahead of the others.
        if self._is_busy or self._parcels or self._has_crowd:
            return await self.send(jobs)
        self._is_busy = True
        try:
            return await self._queue.add_encoded([job_arguments(job) for job in jobs])
        except BrokerUnavailable:
            if self._is_closed:
                raise ServiceClosed from None
            raise
        finally:
            self._is_busy = False
            if self._parcels:
                self._go_on.set()

    def send(self, jobs: list[NewJob]) -> asyncio.Future[AddedJobs]:
        """As `add`, without waiting for the answer."""
        parcel = _Parcel([job_arguments(job) for job in jobs], asyncio.get_running_loop().create_future())
        self._parcels.append(parcel)
        if not self._is_busy:
            self._go_on.set()
        return parcel.added

    async def run(self) -> None:
        """Goes on sending what callers do not send themselves, until it is cancelled."""
        while True:
            await self._go_on.wait()
            self._go_on.clear()
            self._is_busy = True
            while self._parcels:
                self._under_way = self._next_parcels()
                self._has_crowd = len(self._under_way) > 1
                await self._send_together(self._under_way)
            self._under_way = []
            self._is_busy = False

    def close(self) -> None:
        """Ends every wait for an answer with ServiceClosed; a lone caller's, as the connection is closed."""
        self._is_closed = True
        _fail([*self._under_way, *self._parcels], ServiceClosed())
        self._parcels.clear()

    def _next_parcels(self) -> list[_Parcel]:
        parcels = [self._parcels.popleft()]
        count = len(parcels[0].jobs)
        while self._parcels and count + len(self._parcels[0].jobs) <= MOST_JOBS_A_SCRIPT:
            parcels.append(self._parcels.popleft())
            count += len(parcels[-1].jobs)
        return parcels

    async def _send_together(self, parcels: list[_Parcel]) -> None:
        try:
            added = await self._queue.add_encoded(chain.from_iterable(parcel.jobs for parcel in parcels))
        except Exception as error:  # noqa: BLE001 - it is raised where each caller waits
            _fail(parcels, error)
            return
        at = 0
        for parcel in parcels:
            end = at + len(parcel.jobs)
            if not parcel.added.done():
                parcel.added.set_result(added.part(at, end))
            at = end


def _fail(parcels: Iterable[_Parcel], error: Exception) -> None:
    for parcel in parcels:
        if not parcel.added.done():
            parcel.added.set_exception(error)
