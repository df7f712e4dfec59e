"""The outcomes that wait to be settled, and what becomes of those that are refused."""

from collections import deque
from collections.abc import Sequence

from toril.bull.bounds import MOST_BYTES_A_SCRIPT
from toril.bull.outcomes import Completed, Outcome, Parked, Refusal, Refused
from toril.types import Keep
from toril.worker import log
from toril.worker.failures import failed_as_cancelled, failed_by_children

# A retried job may even be taken again by the time at which its outcome is sent a second time.
_SETTLED_BEFORE = (Refusal.JOB_GONE, Refusal.LOCK_LOST, Refusal.NOT_ACTIVE, Refusal.LOCKED_BY_OTHER)
_CHILDREN = (Refusal.CHILDREN_PENDING, Refusal.CHILDREN_FAILED)


class Settling:
    """Outcomes on their way to Redis, oldest first.

    Args:
        keep_failed: how long to keep jobs that have failed for good and do not say so themselves.

    Attributes:
        waiting: those that have not been sent yet.
    """

    def __init__(self, queue: str, keep_failed: Keep | None = None) -> None:
        self._queue = queue
        self._keep_failed = keep_failed
        self.waiting: deque[Outcome] = deque()

    def next_batch(self, most: int) -> list[Outcome]:
        """The oldest outcomes: at most so many, and no more than Redis handles in a few milliseconds."""
        batch: list[Outcome] = []
        size = 0
        waiting = self.waiting
        while waiting and len(batch) < most and size < MOST_BYTES_A_SCRIPT:
            outcome = waiting.popleft()
            batch.append(outcome)
            size += outcome.size
        return batch

    def judge(self, refused: Sequence[Refused], *, in_doubt: bool) -> None:
        """Deals with the outcomes of a batch that were refused.

        `in_doubt` says that the batch was sent before and the answer lost: what had been settled then is
        refused now, because its lock is gone, and recognised by that.
        """
        for outcome, refusal in refused:
            if isinstance(outcome, Completed | Parked) and refusal in _CHILDREN:
                self.waiting.append(failed_by_children(outcome, refusal, self._keep_failed))
            elif refusal is Refusal.CANCELLED:
                self.waiting.append(failed_as_cancelled(outcome, self._keep_failed))
            elif in_doubt and refusal in _SETTLED_BEFORE:
                log.settled_before(self._queue, outcome.job_id)
            else:
                log.outcome_refused(self._queue, outcome.job_id, type(outcome).__name__, refusal.name)
