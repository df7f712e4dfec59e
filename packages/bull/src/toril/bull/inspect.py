"""Looking into a queue: counts, pages, single jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.codec import decode_record, decode_stacktrace, text
from toril.bull.connection import Connection
from toril.bull.errors import JobNotFound
from toril.bull.keys import QueueKeys
from toril.bull.replies import CALL_WITHIN
from toril.bull.scripts import load
from toril.bull.workers import WorkerPresence, find_workers
from toril.types import JobRecord, JobState

MOST_JOBS_A_PAGE = 1000


class JobOutcome(NamedTuple):
    """How a job ended. `result` is JSON; it is None for a job that failed."""

    state: JobState
    result: bytes | None
    failed_reason: str | None
    stacktrace: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """How many jobs a queue has in each state, and whether it is paused."""

    by_state: Mapping[JobState, int]
    paused: bool


class QueueInspector:
    """Reads one queue; it changes nothing. Every method raises BrokerUnavailable if Redis does not answer."""

    def __init__(self, connection: Connection, keys: QueueKeys) -> None:
        self.keys = keys
        self._connection = connection
        self._count_jobs = load("watching/count_jobs")
        self._read_record = load("watching/read_record")
        self._read_jobs = load("watching/read_jobs")
        self._find_state = load("watching/find_state")
        self._read_outcome = load("watching/read_outcome")

    async def exists(self) -> bool:
        """Whether anybody has ever used the queue."""
        return bool(await self._connection.execute("EXISTS", self.keys.meta, self.keys.id))

    async def counts(self) -> QueueCounts:
        """How many jobs are in each state, all at one moment."""
        *counts, paused = await self._connection.run(self._count_jobs, [self.keys.meta], ())
        by_state = MappingProxyType(dict(zip(JobState, counts, strict=True)))
        return QueueCounts(by_state, bool(paused))

    async def job(self, job_id: str) -> JobRecord | None:
        """The job with its state, both at one moment; None if there is no such job."""
        state, flat = await self._connection.run(self._read_record, [self.keys.meta], (job_id,))
        return decode_record(self.keys.queue, job_id, _pairs(flat), _state(state)) if flat else None

    async def jobs(
        self, state: JobState, *, start: int = 0, limit: int = 100, newest_first: bool = False
    ) -> list[JobRecord]:
        """A page of the jobs in one state, in the order in which they came (finished jobs: ended).

        Args:
            start: how many to skip.
            limit: how many to read, at most 1,000.
        """
        arguments = (state.value, max(start, 0), min(limit, MOST_JOBS_A_PAGE), "1" if newest_first else "")
        if limit <= 0:
            return []
        page = await self._connection.run(self._read_jobs, [self.keys.meta], arguments)
        return [
            decode_record(self.keys.queue, text(job_id), _pairs(flat), state) for job_id, flat in page if flat
        ]

    async def state(self, job_id: str) -> JobState | None:
        """Where a job stands, or None if it is nowhere."""
        reply: bytes | None = await self._connection.run(self._find_state, [self.keys.meta], (job_id,))
        return _state(reply)

    async def outcome(self, job_id: str, *, timeout: float = CALL_WITHIN) -> JobOutcome | None:
        """How a job ended, or None if it has not.

        Args:
            timeout: how long Redis may take to answer, in seconds.

        Raises:
            JobNotFound: there is no such job.
        """
        state, result, reason, stacktrace = await self._connection.run(
            self._read_outcome, [self.keys.meta], (job_id,), timeout=timeout
        )
        if state is None:
            raise JobNotFound(self.keys.queue, job_id)
        if not state:
            return None
        ended = JobState(text(state))
        return JobOutcome(
            ended,
            result if ended is JobState.COMPLETED else None,
            None if reason is None else text(reason),
            decode_stacktrace(stacktrace),
        )

    async def logs(self, job_id: str, *, start: int = 0, limit: int = MOST_LOG_LINES) -> list[str]:
        """A page of a job's log, oldest line first.

        Args:
            start: how many to skip.
            limit: how many to read, at most 1,000.
        """
        if limit <= 0:
            return []
        first = max(start, 0)
        last = first + min(limit, MOST_LOG_LINES) - 1
        lines: list[bytes] = await self._connection.execute("LRANGE", self.keys.logs(job_id), first, last)
        return [text(line) for line in lines]

    async def workers(self) -> list[WorkerPresence]:
        """The workers that are connected to this queue now, Node's and ours."""
        return await find_workers(self._connection, self.keys)


def _state(wire: bytes | None) -> JobState | None:
    return None if wire is None else JobState(text(wire))


def _pairs(flat: Sequence[bytes] | dict[bytes, bytes]) -> dict[bytes, bytes]:
    if isinstance(flat, dict):
        return flat
    return dict(zip(flat[::2], flat[1::2], strict=True))
