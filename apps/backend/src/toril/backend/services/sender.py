"""Sending jobs that several tasks add at the same time, together."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from toril.backend.errors import ServiceClosed
from toril.bull.bounds import MOST_BYTES_A_SCRIPT, MOST_JOBS_A_SCRIPT
from toril.bull.errors import BrokerUnavailable
from toril.bull.queue import AddedJobs, EncodedJobs, JobQueue, NewJob, encoded_job, encoded_jobs

# Redis works on one round trip while those whose jobs were in the other add their next ones.
ROUND_TRIPS = 2
# Fewer jobs wait for the round trip that is under way: to go apart would cost Redis more than they gain.
WORTH_A_ROUND_TRIP = 16


class _Parcel(NamedTuple):
    """Jobs of one caller, and where the caller waits for what became of them.

    They are encoded as they come: when it is their turn, Redis has nothing to do until it has them.
    """

    jobs: EncodedJobs
    added: asyncio.Future[AddedJobs]


class _RoundTrip:
    """A script call under way, and the parcels whose callers are to be told of it."""

    def __init__(self, parcels: Sequence[_Parcel] = ()) -> None:
        self.parcels = parcels


class Sender:
    """Adds jobs to one queue, those of concurrent callers in shared round trips, first come, first served.

    Nothing waits for a batch to fill: a lone job goes at once, and what comes while it is under way goes
    together in the next round trip, or in a second one beside it if it is worth that. A lone caller makes the
    round trip itself; to hand the jobs to a task and back would cost as much again.
    """

    def __init__(self, queue: JobQueue) -> None:
        self._queue = queue
        self._parcels: deque[_Parcel] = deque()
        self._waiting = 0
        self._under_way: set[_RoundTrip] = set()
        self._go_on = asyncio.Event()
        self._telling = asyncio.Lock()
        self._has_crowd = False
        self._is_closed = False

    async def add(self, job: NewJob) -> AddedJobs:
        """Adds a job: its id, and whether it is new.

        If it is cancelled, the job may be added all the same.

        Raises:
            BrokerUnavailable, ServiceClosed: the job may have been added all the same.
        """
        jobs = encoded_job(job)
        # Where several have come at once they will again: the first is not to go ahead of the others.
        if self._under_way or self._parcels or self._has_crowd:
            return await self._put(jobs)
        alone = _RoundTrip()
        self._under_way.add(alone)
        try:
            return await self._queue.add_together([jobs])
        except BrokerUnavailable:
            if self._is_closed:
                raise ServiceClosed from None
            raise
        finally:
            self._over(alone)

    def send(self, jobs: Iterable[NewJob]) -> list[asyncio.Future[AddedJobs]]:
        """Has the jobs added, in order, and does not wait; the answers are each for the next of them.

        They may be BrokerUnavailable or ServiceClosed instead: the jobs may have been added all the same.
        """
        return [self._put(part) for part in encoded_jobs(jobs)]

    async def run(self) -> None:
        """Goes on sending what callers do not send themselves, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(ROUND_TRIPS):
                group.create_task(self._make_round_trips())

    def close(self) -> None:
        """Ends every wait for an answer with ServiceClosed; a lone caller's, as the connection is closed."""
        self._is_closed = True
        for parcels in (self._parcels, *(each.parcels for each in self._under_way)):
            _fail(parcels, ServiceClosed())
        self._parcels.clear()

    def _put(self, jobs: EncodedJobs) -> asyncio.Future[AddedJobs]:
        added: asyncio.Future[AddedJobs] = asyncio.get_running_loop().create_future()
        self._parcels.append(_Parcel(jobs, added))
        self._waiting += jobs.number
        if not self._go_on.is_set():
            self._look()
        return added

    @property
    def _may_go(self) -> bool:
        if not self._under_way:
            return bool(self._parcels)
        return len(self._under_way) < ROUND_TRIPS and self._waiting >= WORTH_A_ROUND_TRIP

    def _look(self) -> None:
        if self._may_go:
            self._go_on.set()

    def _over(self, round_trip: _RoundTrip) -> None:
        self._under_way.remove(round_trip)
        self._look()

    async def _make_round_trips(self) -> None:
        while True:
            while not self._may_go:
                self._go_on.clear()
                await self._go_on.wait()
            parcels = self._next_parcels()
            self._has_crowd = len(parcels) > 1
            round_trip = _RoundTrip(parcels)
            self._under_way.add(round_trip)
            try:
                added = await self._queue.add_together([parcel.jobs for parcel in parcels])
            except Exception as error:  # noqa: BLE001 - it is raised where each caller waits
                _fail(parcels, error)
                continue
            finally:
                self._over(round_trip)
            try:
                async with self._telling:
                    _tell(parcels, added)
                    # They add their next jobs before those of the other round trip are told.
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                # The service is left before it was their turn, and nobody else knows of them by now.
                _tell(parcels, added)
                raise

    def _next_parcels(self) -> list[_Parcel]:
        """All that wait and fit, but of many only half, if another round trip can take the others."""
        most = MOST_JOBS_A_SCRIPT
        if not self._under_way and self._waiting >= 2 * WORTH_A_ROUND_TRIP:
            most = min(most, -(-self._waiting // ROUND_TRIPS))
        parcels: list[_Parcel] = []
        count = size = 0
        while self._parcels:
            jobs = self._parcels[0].jobs
            if parcels and (count + jobs.number > most or size + jobs.size > MOST_BYTES_A_SCRIPT):
                break
            parcels.append(self._parcels.popleft())
            count += jobs.number
            size += jobs.size
        self._waiting -= count
        return parcels


def _tell(parcels: Iterable[_Parcel], added: AddedJobs) -> None:
    at = 0
    for parcel in parcels:
        end = at + parcel.jobs.number
        if not parcel.added.done():
            parcel.added.set_result(added.part(at, end))
        at = end


def _fail(parcels: Iterable[_Parcel], error: Exception) -> None:
    for parcel in parcels:
        if not parcel.added.done():
            parcel.added.set_exception(error)
