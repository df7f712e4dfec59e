"""Adding jobs to a queue, many in one round trip."""

import time
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from toril.bull.bounds import MOST_BYTES_A_SCRIPT, MOST_JOBS_A_SCRIPT
from toril.bull.codec import encode_options, encode_text, text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.script_calls import foreign_function
from toril.bull.scripts import load
from toril.types.job_options import JobOptions

ARGUMENTS_A_JOB = 7
"""See `job_arguments`."""


class NewJob(NamedTuple):
    """A job to add.

    `data` is JSON. `job_id` is None for the next number, else an id that `options.check_job_id` accepts.
    """

    name: str
    data: bytes
    options: JobOptions
    job_id: str | None = None


class EncodedJobs(NamedTuple):
    """Jobs as the script takes them, no more than Redis handles in one call while it stays responsive.

    Attributes:
        size: bytes of their data.
    """

    arguments: list[Argument]
    number: int
    size: int


class AddedJobs(list[str]):
    """The ids of jobs that were added, in order.

    Attributes:
        known: the places of those that are no new jobs: their ids are those of the jobs that have the custom
            id or hold the deduplication key already.
    """

    known: frozenset[int] = frozenset()

    def items(self) -> Iterator[tuple[str, bool]]:
        """Each id, and whether its job is new."""
        if not self.known:
            return zip(self, repeat(True))
        return ((job_id, place not in self.known) for place, job_id in enumerate(self))

    def part(self, start: int, end: int) -> "AddedJobs":
        """Those from one place up to another one, as if they had been added by themselves."""
        if start == 0 and end == len(self):
            return self
        part = AddedJobs(self[start:end])
        part.known = frozenset(place - start for place in self.known if start <= place < end)
        return part

    def take_in(self, ids: Iterable[bytes], known: Collection[int]) -> None:
        """Puts those behind that the script has answered with; `known` are places among them."""
        if known:
            self.known |= {len(self) + place for place in known}
        self += [text(job_id) for job_id in ids]


def encoded_jobs(jobs: Iterable[NewJob]) -> Iterator[EncodedJobs]:
    """The jobs in order, in parts that one script call each handles."""
    arguments: list[Argument] = []
    count = size = 0
    for job in jobs:
        if count >= MOST_JOBS_A_SCRIPT or size > MOST_BYTES_A_SCRIPT:
            yield EncodedJobs(arguments, count, size)
            arguments, count, size = [], 0, 0
        arguments += job_arguments(job)
        count += 1
        size += len(job.data)
    if count:
        yield EncodedJobs(arguments, count, size)


def encoded_job(job: NewJob) -> EncodedJobs:
    """One job, by itself."""
    return EncodedJobs([*job_arguments(job)], 1, len(job.data))


def job_arguments(job: NewJob) -> tuple[Argument, ...]:
    """The job as the header of lua/adding/add.lua lists it."""
    has_own = job.job_id is not None or job.options.is_own
    name, options, delay, priority, more = (_terms if has_own else _remembered_terms)(
        job.name, job.options, job.job_id
    )
    return job.job_id or "", name, job.data, options, delay, priority, more


def _terms(name: str, options: JobOptions, job_id: str | None) -> tuple[bytes, bytes, str, str, str]:
    """What most jobs of a contract have in common."""
    return (
        encode_text(name),
        encode_options(options, job_id),
        str(to_milliseconds(options.delay)),
        str(options.priority),
        "1" if options.lifo or options.is_own else "",
    )


_remembered_terms = lru_cache(maxsize=1024)(_terms)


class JobQueue:
    """The producer's side of one queue.

    Args:
        timeout: how long Redis may take over one script call, in seconds, connecting included.
    """

    def __init__(self, connection: Connection, keys: QueueKeys, *, timeout: float = CALL_WITHIN) -> None:
        self.keys = keys
        self._meta = [keys.meta]
        self._timeout = timeout
        self._connection = connection
        self._script = load("adding/add")

    async def add(self, jobs: Iterable[NewJob], *, now: float | None = None) -> AddedJobs:
        """Adds the jobs, in order, and answers with their ids, and with which of them are not new.

        One script call handles a few hundred jobs, so that Redis stays responsive; of a larger number each
        such part is added whole or not at all.

        Args:
            now: the time at which they count as added, in epoch seconds; by default the present.

        Raises:
            BrokerUnavailable: Redis did not answer; the jobs of the part under way may have been added.
            BrokerMisconfigured: as `add_together`.
        """
        added = AddedJobs()
        for part in encoded_jobs(jobs):
            await self.add_together([part], behind=added, now=now)
        return added

    async def add_together(
        self, parts: Iterable[EncodedJobs], *, behind: AddedJobs | None = None, now: float | None = None
    ) -> AddedJobs:
        """Adds the jobs in one script call: together they must be no more than that handles.

        Args:
            behind: those that were added before, which the answer then begins with.
            now: as for `add`.

        Raises:
            BrokerUnavailable: Redis did not answer; the jobs may have been added.
            BrokerMisconfigured: something else than our function has answered.
        """
        added = AddedJobs() if behind is None else behind
        arguments: list[Argument] = [to_milliseconds(time.time() if now is None else now)]
        for part in parts:
            arguments += part.arguments
        before = len(added)
        answer = await self._connection.run(self._script, self._meta, arguments, timeout=self._timeout)
        try:
            added.take_in(*answer)
        except (TypeError, ValueError, AttributeError) as mismatch:
            raise foreign_function(self._connection.address, self._script, mismatch) from mismatch
        number = len(arguments) // ARGUMENTS_A_JOB
        if len(added) - before != number:
            mismatch = f"{len(added) - before} ids for {number} jobs"
            raise foreign_function(self._connection.address, self._script, mismatch)
        return added
