"""Adding jobs to a queue, many in one round trip."""

import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple, cast

from toril.bull.bounds import MOST_BYTES_A_SCRIPT, MOST_JOBS_A_SCRIPT
from toril.bull.codec import encode_options, encode_text, text, to_milliseconds
from toril.bull.connection import Connection
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN, Argument
from toril.bull.script_calls import foreign_function
from toril.bull.scripts import load
from toril.types.job_options import JobOptions


class NewJob(NamedTuple):
    """A job to add.

    `data` is JSON. `job_id` is None for the next number, else an id that `options.check_job_id` accepts.
    """

    name: str
    data: bytes
    options: JobOptions
    job_id: str | None = None


class Terms(NamedTuple):
    """What most jobs of a contract have in common, as lua/adding/add.lua takes it."""

    name: bytes
    options: bytes
    terms: str


class EncodedJobs(NamedTuple):
    """Jobs as the script takes them, no more than Redis handles in one call while it stays responsive.

    Attributes:
        jobs: of each what it has in common with others, its id ("" for the next number) and its data.
        size: bytes of their data.
    """

    jobs: list[tuple[Terms, str, bytes]]
    size: int

    @property
    def number(self) -> int:
        return len(self.jobs)


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
    encoded: list[tuple[Terms, str, bytes]] = []
    size = 0
    for job in jobs:
        if len(encoded) >= MOST_JOBS_A_SCRIPT or size > MOST_BYTES_A_SCRIPT:
            yield EncodedJobs(encoded, size)
            encoded, size = [], 0
        encoded.append(_encoded(job))
        size += len(job.data)
    if encoded:
        yield EncodedJobs(encoded, size)


def encoded_job(job: NewJob) -> EncodedJobs:
    """One job, by itself."""
    return EncodedJobs([_encoded(job)], len(job.data))


def run_arguments(jobs: Sequence[tuple[Terms, str, bytes]]) -> list[Argument]:
    """The jobs in runs, as the header of lua/adding/add.lua lists them."""
    if len(jobs) == 1:
        terms, job_id, data = jobs[0]
        return [*terms, 1, job_id, data]
    arguments: list[Argument] = []
    run: Terms | None = None
    begin = 0
    for terms, job_id, data in jobs:
        # Equal ones are one and the same where it matters: `_remembered_terms`.
        if terms is not run:
            if run is not None:
                arguments[begin] = (len(arguments) - begin) // 2
            begin = len(arguments) + len(terms)
            arguments += (*terms, 1)
            run = terms
        arguments += (job_id, data)
    if run is not None:
        arguments[begin] = (len(arguments) - begin) // 2
    return arguments


def job_arguments(job: NewJob) -> list[Argument]:
    """The job as a run by itself."""
    return run_arguments([_encoded(job)])


def _encoded(job: NewJob) -> tuple[Terms, str, bytes]:
    has_own = job.job_id is not None or job.options.is_own
    terms = (_terms if has_own else _remembered_terms)(job.name, job.options, job.job_id)
    return terms, job.job_id or "", job.data


def _terms(name: str, options: JobOptions, job_id: str | None) -> Terms:
    more = "1" if options.lifo or options.is_own else ""
    delay = to_milliseconds(options.delay)
    is_plain = not (delay or options.priority or more)
    terms = "" if is_plain else f"{delay} {options.priority} {more}"
    return Terms(encode_text(name), encode_options(options, job_id), terms)


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
        self, parts: Sequence[EncodedJobs], *, behind: AddedJobs | None = None, now: float | None = None
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
        jobs = parts[0].jobs if len(parts) == 1 else [job for part in parts for job in part.jobs]
        arguments = [to_milliseconds(time.time() if now is None else now), *run_arguments(jobs)]
        before = len(added)
        answer = await self._connection.run(self._script, self._meta, arguments, timeout=self._timeout)
        try:
            *ids, known = answer
            added.take_in(ids, _places(known))
        except (TypeError, ValueError, AttributeError) as mismatch:
            raise foreign_function(self._connection.address, self._script, mismatch) from mismatch
        if len(added) - before != len(jobs):
            mismatch = f"{len(added) - before} ids for {len(jobs)} jobs"
            raise foreign_function(self._connection.address, self._script, mismatch)
        return added


def _places(known: object) -> list[int]:
    if known is None:
        return []
    if not isinstance(known, list):
        raise TypeError(f"{known!r} are no places")
    return cast("list[int]", known)
