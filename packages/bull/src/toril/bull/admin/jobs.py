"""Steering one job."""

import time
from enum import Enum

from toril.bull.admin.steering import Steering, check_count, check_seconds
from toril.bull.bounds import MOST_JOBS_A_FLOW
from toril.bull.codec import is_json, text, to_milliseconds
from toril.bull.errors import InvalidSetting, JobLocked, JobNotCancellable, JobNotFound, WrongState
from toril.types.job_options import HIGHEST_PRIORITY_NUMBER


class Cancellation(Enum):
    """What was done to cancel a job."""

    REMOVED = "it waited, and is gone"
    REQUESTED = "it runs: its worker has been told, and it is not started again"


class JobSteering(Steering):
    """What people and producers do to a job from outside."""

    async def cancel(self, job_id: str) -> Cancellation:
        """Removes a job that waits to be started: plain, delayed or prioritised. Has one that runs stopped.

        A worker of ours cancels its handler within a second, or as it renews the lock; when that has cleaned
        up, the job fails for good with the reason "cancelled", whatever attempts are left. A Node worker
        cannot be stopped: what it returns counts, but if it fails or dies, the job is not tried again.

        Raises:
            JobNotFound: there is no such job.
            JobNotCancellable: it has ended, waits for its children, or is the next run of a schedule.
        """
        reply: int | bytes | None = await self._run("cancel_job", job_id)
        if reply is None:
            raise JobNotFound(self._keys.queue, job_id)
        if isinstance(reply, bytes):
            raise JobNotCancellable(self._keys.queue, job_id, text(reply))
        return Cancellation.REMOVED if reply == 1 else Cancellation.REQUESTED

    async def remove(self, job_id: str, *, with_children: bool = True) -> None:
        """Removes a job wherever it stands, unless a worker holds it. A parent waits for it no longer.

        Args:
            with_children: its children too, and theirs, wherever they stand: none, if a worker holds one of
                them. A tree of more than 1,000 jobs is removed in parts, from below: there a job that is held
                stops the removal on its way.

        Raises:
            JobNotFound: there is no such job.
            JobLocked: a worker holds it, or one of its children.
            WrongState: it is the pending run of a schedule; remove the schedule.
        """
        outcome, *holder = await self._run(
            "remove_job", job_id, "1" if with_children else "", MOST_JOBS_A_FLOW
        )
        while outcome == b"more":
            outcome, *holder = await self._run("remove_job", job_id, "1", MOST_JOBS_A_FLOW)
        if outcome == b"missing":
            raise JobNotFound(self._keys.queue, job_id)
        if outcome == b"locked":
            raise JobLocked(self._keys.queue, job_id, text(holder[0]))
        if outcome == b"scheduled":
            raise WrongState(self._keys.queue, job_id, "removed", "the pending run of a schedule")

    async def retry(
        self, job_id: str, *, reset_attempts_made: bool = False, reset_attempts_started: bool = False
    ) -> None:
        """Lets a job run again that has failed or completed. A parent that still waits, waits for it again.

        Args:
            reset_attempts_made: with all its attempts; else one that used them up ends at its next failure.
            reset_attempts_started: as if it had never been started.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it has not ended.
        """
        forgotten = ["atm"] * reset_attempts_made + ["ats"] * reset_attempts_started
        self._done(job_id, "retried", await self._run("retry_job", job_id, *forgotten))

    async def promote(self, job_id: str) -> None:
        """Lets a delayed job run now.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it is not delayed.
        """
        self._done(job_id, "promoted", await self._run("promote_job", job_id))

    async def change_delay(self, job_id: str, delay: float, *, now: float | None = None) -> None:
        """Gives a delayed job another time: `delay` seconds from now.

        Args:
            now: the time from which it counts, in epoch seconds; by default the present.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it is not delayed.
            InvalidSetting: a delay below 0 or above 100 years.
        """
        milliseconds = to_milliseconds(check_seconds("delay", delay))
        timestamp = to_milliseconds(time.time() if now is None else now)
        self._done(job_id, "delayed", await self._run("change_delay", job_id, milliseconds, timestamp))

    async def change_priority(self, job_id: str, priority: int, *, lifo: bool = False) -> None:
        """Gives a job another priority; one that waits is put in line by it at once.

        Args:
            priority: 0 is none (before all others); else 1 (first) to 2,097,151 (last).
            lifo: put it before the others of that priority.

        Raises:
            JobNotFound: there is no such job.
            InvalidSetting: a priority out of range.
        """
        if not 0 <= priority <= HIGHEST_PRIORITY_NUMBER:
            raise InvalidSetting("priority", priority, f"0 (none) or 1 to {HIGHEST_PRIORITY_NUMBER}")
        reply = await self._run("change_priority", job_id, priority, "1" if lifo else "")
        self._done(job_id, "given a priority", reply)

    async def update_data(self, job_id: str, data: bytes) -> None:
        """Replaces a job's data. A worker that runs it already has read the old one.

        Args:
            data: JSON.

        Raises:
            JobNotFound: there is no such job.
            InvalidSetting: it is no JSON.
        """
        if not is_json(data):
            raise InvalidSetting("data", data[:50], "JSON, without NaN and infinity")
        self._done(job_id, "changed", await self._run("update_data", job_id, data))

    async def clear_logs(self, job_id: str, *, keep: int = 0) -> None:
        """Removes a job's log, but for the newest lines.

        Args:
            keep: how many of these; a job that is gone has none.

        Raises:
            InvalidSetting: less than 0.
        """
        logs = self._keys.logs(job_id)
        if check_count("lines", keep, least=0):
            await self._connection.execute("LTRIM", logs, -keep, -1)
        else:
            await self._connection.execute("DEL", logs)

    async def remove_unprocessed_children(self, job_id: str) -> int:
        """Removes the children of a job that have not run yet, and theirs; it may run, if it waited for them.

        Children that a worker holds stay, and so do those that have ended.

        Returns:
            how many jobs were removed.

        Raises:
            JobNotFound: there is no such job.
        """
        count, has_more = 0, True
        while has_more:
            reply: list[int] | None = await self._run("remove_children", job_id, MOST_JOBS_A_FLOW)
            if reply is None:
                raise JobNotFound(self._keys.queue, job_id)
            removed, has_more = reply
            count += removed
        return count

    async def detach(self, job_id: str) -> bool:
        """Makes a job nobody's child: its parent waits for it no longer.

        Returns:
            whether a parent waited for it.

        Raises:
            JobNotFound: there is no such job, or its parent is gone.
        """
        reply: int | bytes | None = await self._run("detach_child", job_id)
        if isinstance(reply, bytes):
            parent_queue, _, parent_id = text(reply).removeprefix(f"{self._keys.prefix}:").partition(":")
            raise JobNotFound(parent_queue, parent_id)
        self._done(job_id, "detached", 1 if reply == 0 else reply)
        return reply == 1

    def _done(self, job_id: str, action: str, reply: int | bytes | None) -> None:
        if reply is None:
            raise JobNotFound(self._keys.queue, job_id)
        if isinstance(reply, bytes):
            raise WrongState(self._keys.queue, job_id, action, text(reply))
