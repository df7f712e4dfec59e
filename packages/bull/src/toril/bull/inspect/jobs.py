"""Single jobs: their records, states, outcomes and logs."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from toril.bull.bounds import MOST_LOG_LINES
from toril.bull.codec import decode_record, decode_stacktrace, text
from toril.bull.errors import JobNotFound
from toril.bull.inspect.reader import QueueReader
from toril.bull.replies import CALL_WITHIN
from toril.types import JobRecord, JobState

MOST_JOBS_A_PAGE = 1000


class JobOutcome(NamedTuple):
    """How a job ended. `result` is JSON; it is None for a job that failed."""

    state: JobState
    result: bytes | None
    failed_reason: str | None
    stacktrace: tuple[str, ...]


class JobLogs(NamedTuple):
    """A page of a job's log, and how many lines the log has in all."""

    lines: list[str]
    total: int


class JobReader(QueueReader):
    """Reads jobs."""

    async def job(self, job_id: str) -> JobRecord | None:
        """The job with its state, both at one moment; None if there is no such job."""
        state, flat = await self._run("read_record", [job_id])
        return decode_record(self.keys.queue, job_id, _pairs(flat), _state(state)) if flat else None

    async def jobs(
        self,
        states: JobState | Collection[JobState],
        *,
        start: int = 0,
        limit: int = 100,
        newest_first: bool = False,
    ) -> list[JobRecord]:
        """A page of the jobs in one state, in the order in which they came (finished jobs: ended).

        Args:
            states: one, or several: then the jobs of the first are followed by those of the next.
            start: how many to skip.
            limit: how many to read, at most 1,000.
        """
        wanted = [states] if isinstance(states, JobState) else list(dict.fromkeys(states))
        if limit <= 0 or not wanted:
            return []
        order = "1" if newest_first else ""
        page = await self._run("read_jobs", [max(start, 0), min(limit, MOST_JOBS_A_PAGE), order, *wanted])
        return [
            decode_record(self.keys.queue, text(job_id), _pairs(flat), _state(state))
            for state, job_id, flat in page
            if flat
        ]

    async def state(self, job_id: str) -> JobState | None:
        """Where a job stands, or None if it is nowhere."""
        return _state(await self._run("find_state", [job_id]))

    async def outcome(self, job_id: str, *, timeout: float = CALL_WITHIN) -> JobOutcome | None:
        """How a job ended, or None if it has not.

        Args:
            timeout: how long Redis may take to answer, in seconds.

        Raises:
            JobNotFound: there is no such job.
        """
        state, result, reason, stacktrace = await self._run("read_outcome", [job_id], timeout=timeout)
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

    async def logs(
        self, job_id: str, *, start: int = 0, limit: int = MOST_LOG_LINES, newest_first: bool = False
    ) -> JobLogs:
        """A page of a job's log, and its length, both at one moment.

        Args:
            start: how many to skip.
            limit: how many to read, at most 1,000.
            newest_first: count and list them from the end.
        """
        order = "1" if newest_first else ""
        arguments = [job_id, max(start, 0), max(min(limit, MOST_LOG_LINES), 1), order]
        lines, total = await self._run("read_logs", arguments)
        return JobLogs([text(line) for line in lines[: max(limit, 0)]], total)


def _state(wire: bytes | None) -> JobState | None:
    return None if wire is None else JobState(text(wire))


def _pairs(flat: Sequence[bytes] | dict[bytes, bytes]) -> dict[bytes, bytes]:
    if isinstance(flat, dict):
        return flat
    return dict(zip(flat[::2], flat[1::2], strict=True))
