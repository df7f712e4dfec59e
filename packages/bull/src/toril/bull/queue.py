"""Adding jobs to a queue, many in one round trip."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
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

# As the header of lua/adding/add.lua lists them.
ARGUMENTS_A_JOB = 7


class NewJob(NamedTuple):
    """A job to add.

    `data` is JSON. `job_id` is None for the next number, else an id that `options.check_job_id` accepts.
    """

    name: str
    data: bytes
    options: JobOptions
    job_id: str | None = None


_NONE: frozenset[int] = frozenset()


class AddedJobs(list[str]):
    """The ids of jobs that were added, in order.

    Attributes:
        known: the places of those that are no new jobs: their ids are those of the jobs that have the custom
            id or hold the deduplication key already.
    """

    def __init__(self, ids: Iterable[str] = (), known: Collection[int] = ()) -> None:
        super().__init__(ids)
        self.known = frozenset(known) if known else _NONE

    def items(self) -> Iterator[tuple[str, bool]]:
        """Each id, and whether its job is new."""
        if not self.known:
            return zip(self, repeat(True))
        return ((job_id, place not in self.known) for place, job_id in enumerate(self))

    def part(self, start: int, end: int) -> "AddedJobs":
        """Those from one place up to another one, as if they had been added by themselves."""
        if start == 0 and end == len(self):
            return self
        return AddedJobs(self[start:end], [place - start for place in self.known if start <= place < end])

    def take_in(self, others: "AddedJobs") -> None:
        """Puts others behind these."""
        self.known |= {len(self) + place for place in others.known}
        self += others


def job_arguments(job: NewJob) -> tuple[Argument, ...]:
    """The job as the script takes it."""
    options = job.options
    return (
        job.job_id or "",
        encode_text(job.name),
        job.data,
        encode_options(options, job.job_id),
        to_milliseconds(options.delay),
        options.priority,
        "1" if options.lifo or options.is_own else "",
    )


class JobQueue:
    """The producer's side of one queue.

    Args:
        timeout: how long Redis may take over one script call, in seconds, connecting included.
    """

    def __init__(self, connection: Connection, keys: QueueKeys, *, timeout: float = CALL_WITHIN) -> None:
        self.keys = keys
        self._timeout = timeout
        self._connection = connection
        self._script = load("adding/add")

    async def add(self, jobs: Sequence[NewJob], *, now: float | None = None) -> AddedJobs:
        """Adds the jobs, in order, and answers with their ids, and with which of them are not new.

        One script call handles a few hundred jobs, so that Redis stays responsive; of a larger number each
        such part is added whole or not at all.

        Args:
            now: the time at which they count as added, in epoch seconds; by default the present.

        Raises:
            BrokerUnavailable: Redis did not answer; the jobs of the part under way may have been added.
        """
        timestamp = to_milliseconds(time.time() if now is None else now)
        added: AddedJobs | None = None
        arguments: list[Argument] = [timestamp]
        size = 0
        for job in jobs:
            if len(arguments) > MOST_JOBS_A_SCRIPT * ARGUMENTS_A_JOB or size > MOST_BYTES_A_SCRIPT:
                added = await self._add(arguments, added)
                del arguments[1:]
                size = 0
            arguments += job_arguments(job)
            size += len(job.data)
        if len(arguments) > 1:
            added = await self._add(arguments, added)
        return added or AddedJobs()

    async def _add(self, arguments: Sequence[Argument], earlier: AddedJobs | None) -> AddedJobs:
        ids, known = await self._connection.run(
            self._script, [self.keys.meta], arguments, timeout=self._timeout
        )
        added = AddedJobs([text(job_id) for job_id in ids], known)
        if earlier is None:
            return added
        earlier.take_in(added)
        return earlier
