"""Adding jobs to a queue, many in one round trip."""

import time
from collections.abc import Awaitable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

from toril.bull.bounds import MOST_BYTES_A_SCRIPT as MOST_BYTES_A_SCRIPT
from toril.bull.bounds import MOST_JOBS_A_SCRIPT as MOST_JOBS_A_SCRIPT
from toril.bull.codec import encode_options, encode_text, text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.options import JobOptions
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.scripts import load

JobArguments = tuple[str, bytes, bytes, bytes, str, str, str]
"""A job as the script takes it: what the header of lua/adding/add.lua lists. The third is its data."""

ARGUMENTS_A_JOB = 7


class NewJob(NamedTuple):
    """A job to add.

    `data` is JSON. `job_id` is None for the next number, else an id that `options.check_job_id` accepts.
    """

    name: str
    data: bytes
    options: JobOptions
    job_id: str | None = None


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


def job_arguments(job: NewJob) -> JobArguments:
    """The job as the script takes it."""
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

    async def add(self, jobs: Sequence[NewJob], *, now: float | None = None) -> AddedJobs:
        """As `add_encoded`."""
        return await self.add_encoded([job_arguments(job) for job in jobs], now=now)

    async def add_encoded(self, jobs: Iterable[JobArguments], *, now: float | None = None) -> AddedJobs:
        """Adds the jobs, in order, and answers with their ids, and with which of them are not new.

        One script call handles a few hundred jobs, so that Redis stays responsive; of a larger number each
        such part is added whole or not at all.

        Args:
            now: the time at which they count as added, in epoch seconds; by default the present.

        Raises:
            BrokerUnavailable: Redis did not answer; the jobs of the part under way may have been added.
        """
        arguments: list[Argument] = [to_milliseconds(time.time() if now is None else now)]
        added = AddedJobs()
        size = 0
        for job in jobs:
            if len(arguments) > MOST_JOBS_A_SCRIPT * ARGUMENTS_A_JOB or size > MOST_BYTES_A_SCRIPT:
                added.take_in(*await self._run(arguments))
                del arguments[1:]
                size = 0
            arguments += job
            size += len(job[2])
        if len(arguments) > 1:
            added.take_in(*await self._run(arguments))
        return added

    def _run(self, arguments: Sequence[Argument]) -> Awaitable[tuple[list[bytes], list[int]]]:
        return self._connection.run(self._script, self._meta, arguments, timeout=self._timeout)
