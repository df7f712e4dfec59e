"""Sending jobs that several tasks add at the same time, together."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

from toril.backend.errors import ServiceClosed
from toril.bull.bounds import MOST_JOBS_A_SCRIPT
from toril.bull.queue import AddedJobs, JobQueue, NewJob


class _Parcel(NamedTuple):
    """Jobs of one caller, and where the caller waits for what became of them."""

    jobs: list[NewJob]
    added: asyncio.Future[AddedJobs]


class Sender:
    """Adds jobs to one queue, those of concurrent callers in shared round trips, first come, first served.

    Nothing waits for a batch to fill: a lone job goes at once, and what comes while it is under way goes
    together in the next round trip.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._parcels: deque[_Parcel] = deque()
        self._under_way: list[_Parcel] = []
        self._come = asyncio.Event()

    def send(self, jobs: list[NewJob]) -> asyncio.Future[AddedJobs]:
        """Has the jobs added together; the answer will be their ids, in order, and which of them are new.

        It may be BrokerUnavailable or ServiceClosed instead: the jobs may have been added all the same.
        """
        parcel = _Parcel(jobs, asyncio.get_running_loop().create_future())
        self._parcels.append(parcel)
        self._come.set()
        return parcel.added

    async def run(self) -> None:
        """Goes on sending until it is cancelled."""
        while True:
            await self._come.wait()
            self._come.clear()
            while self._parcels:
                self._under_way = self._next_parcels()
                await self._send_together(self._under_way)
                self._under_way = []

    def close(self) -> None:
        """Ends every wait for an answer with ServiceClosed."""
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
            added = await self._queue.add([job for parcel in parcels for job in parcel.jobs])
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
