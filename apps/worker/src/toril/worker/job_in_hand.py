"""A job that was taken by hand: whoever took it says what becomes of it."""

from typing import TypeVar

from pydantic import JsonValue

from toril.bull.feedback import JobFeedback
from toril.bull.intake import Intake, TakenJob
from toril.bull.outcomes import Completed, Outcome, Postponed, Refusal, Released
from toril.jobs import HasContract
from toril.types import CANCELLED, JobRecord
from toril.worker import log
from toril.worker.errors import OutcomeRefused, WrongContract
from toril.worker.failures import failed_attempt, failed_for_good
from toril.worker.handler import encode_json_result, record_of
from toril.worker.retrying import RetryRules
from toril.worker.settings import WorkerSettings
from toril.worker.signals import check_seconds

J = TypeVar("J")
R = TypeVar("R")


class JobInHand:
    """A job that was taken by hand; its lock is renewed until it is settled.

    Attributes:
        record: the job as it was taken.
    """

    def __init__(
        self,
        job: TakenJob,
        queue: str,
        intake: Intake,
        feedback: JobFeedback,
        settings: WorkerSettings,
        rules: RetryRules,
    ) -> None:
        self.record: JobRecord = record_of(job, queue)
        self._job = job
        self._feedback = feedback
        self._intake = intake
        self._settings = settings
        self._rules = rules
        self._settled = False

    def payload(self, contract: HasContract[J, R]) -> J:
        """What the job is to do, as its contract says.

        Raises:
            WrongContract: the job is none of the contract's.
            InvalidPayload: it does not fit the contract.
        """
        wanted = contract.contract()
        self._check(*wanted.key)
        return wanted.decode(self._job.data)

    async def progress(self, fraction: float, note: str | None = None) -> None:
        """Tells those who watch how far the job is; see `JobContext.progress`.

        Raises:
            ValueError: `fraction` is out of range.
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.progress(self._job.id, fraction, note)

    async def log(self, line: str) -> None:
        """Adds a line to the job's log; see `JobContext.log`.

        Raises:
            JobNotFound: the job was removed.
            BrokerUnavailable: Redis did not answer.
        """
        await self._feedback.log(self._job.id, line, limit=self._job.options.log_limit)

    async def complete(self, result: JsonValue = None) -> None:
        """The job is done.

        Raises:
            InvalidResult: `result` is no JSON, holds NaN or infinity, or is larger than 64 MiB.
            OutcomeRefused: the job is no longer ours, or waits for its children; or it is settled already.
            BrokerUnavailable: Redis did not answer.
        """
        await self._complete(encode_json_result(self.record.queue, self.record.name, result))

    async def complete_as(self, contract: HasContract[J, R], result: R) -> None:
        """The job is done, with the result that its contract asks for.

        Raises:
            WrongContract: the job is none of the contract's.
            InvalidResult: `result` does not fit the contract.
            OutcomeRefused, BrokerUnavailable: as for `complete`.
        """
        wanted = contract.contract()
        self._check(*wanted.key)
        await self._complete(wanted.encode_result(result))

    async def fail(self, error: BaseException) -> None:
        """This attempt has failed, as if a handler had raised `error`: what follows is as the job says.

        Raises:
            OutcomeRefused, BrokerUnavailable: as for `complete`.
        """
        await self._settle(failed_attempt(self._job, error, self._settings.keep_failed, self._rules))

    async def move_to_delayed(self, seconds: float) -> None:
        """Puts the job off; no attempt is burnt.

        Raises:
            ValueError: `seconds` is less than 0, or more than 100 years.
            OutcomeRefused, BrokerUnavailable: as for `complete`.
        """
        delay = check_seconds("delay", seconds)
        await self._settle(Postponed(self._job.id, self._job.token, delay, burns_attempt=False))

    async def move_to_waiting(self) -> None:
        """Puts the job back, next in line; no attempt is burnt. So does leaving it unsettled.

        Raises:
            OutcomeRefused, BrokerUnavailable: as for `complete`.
        """
        await self._settle(Released(self._job.id, self._job.token))

    async def put_back_unless_settled(self) -> None:
        """What leaving the context manager does."""
        if not self._settled:
            try:
                await self.move_to_waiting()
            except OutcomeRefused as refused:
                log.outcome_refused(self.record.queue, self.record.id, "Released", refused.reason)

    def _check(self, queue: str, name: str) -> None:
        if (queue, name) != (self.record.queue, self.record.name):
            raise WrongContract(self.record.queue, self.record.name, queue, name)

    async def _complete(self, result: bytes) -> None:
        own = self._job.options.keep_completed
        keep = self._settings.keep_completed if own is None else own
        await self._settle(Completed(self._job.id, self._job.token, result, keep))

    async def _settle(self, outcome: Outcome) -> None:
        if self._settled:
            raise OutcomeRefused(self.record.queue, self.record.id, "it is settled already")
        settled = await self._intake.settle_and_take([outcome], 0)
        for refused in settled.refused:
            if refused.code is Refusal.CANCELLED:
                self._settled = True
                failed = failed_for_good(
                    self._job, CANCELLED, self._job.stacktrace, self._settings.keep_failed
                )
                await self._intake.settle_and_take([failed], 0)
            reason = refused.code.name.lower().replace("_", " ")
            raise OutcomeRefused(self.record.queue, self.record.id, reason)
        self._settled = True
