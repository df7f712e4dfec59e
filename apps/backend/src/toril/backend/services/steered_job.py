"""What a producer can do to a job after it was enqueued."""

from typing import Any, Generic, TypeVar

from toril.bull.admin import QueueAdmin
from toril.jobs import Contract, Job

R = TypeVar("R", covariant=True)


class SteeredJob(Generic[R]):
    """A job by its id. Every method raises BrokerUnavailable if Redis does not answer."""

    __slots__ = ("_admin", "_contract", "job_id")

    def __init__(self, job_id: str, contract: Contract[Any, R], admin: QueueAdmin) -> None:
        self.job_id = job_id
        self._contract = contract
        self._admin = admin

    async def remove(self, *, with_children: bool = True) -> None:
        """Removes the job wherever it stands, unless a worker holds it.

        Args:
            with_children: its children too, and theirs.

        Raises:
            JobNotFound: there is no such job.
            JobLocked: a worker holds it, or one of its children.
            WrongState: it is the pending run of a schedule.
        """
        await self._admin.remove(self.job_id, with_children=with_children)

    async def retry(self, *, reset_attempts_made: bool = False, reset_attempts_started: bool = False) -> None:
        """Lets the job run again, once it has failed or completed.

        Args:
            reset_attempts_made: with all its attempts; else one that used them up ends at its next failure.
            reset_attempts_started: as if it had never been started.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it has not ended.
        """
        await self._admin.retry(
            self.job_id,
            reset_attempts_made=reset_attempts_made,
            reset_attempts_started=reset_attempts_started,
        )

    async def promote(self) -> None:
        """Lets the job run now, if it is delayed.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it is not delayed.
        """
        await self._admin.promote(self.job_id)

    async def change_delay(self, delay: float) -> None:
        """Lets the job run `delay` seconds from now, if it is delayed.

        Raises:
            JobNotFound: there is no such job.
            WrongState: it is not delayed.
            InvalidSetting: a delay below 0 or above 100 years.
        """
        await self._admin.change_delay(self.job_id, delay)

    async def change_priority(self, priority: int, *, lifo: bool = False) -> None:
        """Gives the job another priority; one that waits is put in line by it at once.

        Args:
            priority: 0 is none (before all others); else 1 (first) to 2,097,151 (last).
            lifo: put it before the others of that priority.

        Raises:
            JobNotFound: there is no such job.
            InvalidSetting: a priority out of range.
        """
        await self._admin.change_priority(self.job_id, priority, lifo=lifo)

    async def clear_logs(self, *, keep: int = 0) -> None:
        """Removes the job's log, but for the newest `keep` lines.

        Raises:
            InvalidSetting: less than 0.
        """
        await self._admin.clear_logs(self.job_id, keep=keep)

    async def update_data(self, job: Job[R]) -> None:
        """Replaces what the job is to work on. A worker that runs it already has read the old data.

        Args:
            job: of the same contract.

        Raises:
            InvalidPayload: it does not fit the contract, or is another's; nothing is stored.
            JobNotFound: there is no such job.
        """
        await self._admin.update_data(self.job_id, self._contract.encode(job))
